"""Ctrl-C in the middle of an upload: it says how to go on, and how what was sent goes away."""

from __future__ import annotations

import io
import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path

import boto3
import pytest
from support.faulty import Seen, proxy_before
from support.stores import KEYS, make_bucket
from support.terminal import Run

from delivery.cli import options
from delivery.hosting import Pruned
from delivery.progress import CancelToken

CONFIG = """
[delivery]
store = mine
[store:mine]
bucket = {bucket}
endpoint = {endpoint}
[upload]
threshold = 5MiB
part_size = 5MiB
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to itself")
def test_a_thread_hears_the_signal_where_the_main_one_waits() -> None:
    ignored = signal.signal(signal.SIGINT, lambda *_: None)
    cancel, threads = CancelToken(), threading.active_count()
    try:
        with options._listening(cancel):
            os.kill(os.getpid(), signal.SIGINT)  # whose handler here does nothing, as one that never gets to run
            deadline = time.monotonic() + 10
            while not cancel.cancelled and time.monotonic() < deadline:
                time.sleep(0.01)
        assert cancel.cancelled
        again = CancelToken()
        with options._cancelling(again):
            os.kill(os.getpid(), signal.SIGINT)
            assert again.cancelled
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, ignored)
    assert threading.active_count() == threads
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGBREAK"])
def test_whatever_the_system_asks_to_stop_with_cancels(name: str) -> None:
    number = getattr(signal, name, None)
    if number is None:
        pytest.skip("another system's")
    cancel = CancelToken()
    with options._cancelling(cancel):
        assert signal.getsignal(number) is not signal.SIG_DFL
        signal.raise_signal(number)
        assert cancel.cancelled


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to itself")
def test_it_ends_the_reading_of_what_is_typed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Typed(io.BytesIO):
        def read(self, *_: object) -> bytes:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)  # ends when the signal is heard
            return b"read to its end all the same"

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Typed()))
    answer = run("lint", "-")
    assert answer.code == 130 and "cancelled" in answer.err


@pytest.fixture
def bucket(moto_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), KEYS.values(), strict=True):
        monkeypatch.setenv(name, value)
    made = f"cancel-{secrets.token_hex(4)}"
    make_bucket(moto_address, made)
    return made


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to itself")
def test_it_says_how_to_go_on_and_abort_removes_what_was_sent(
    run: Run, moto_address: str, bucket: str, tmp_path: Path
) -> None:
    for name in ("film.bin", "other.bin"):
        (tmp_path / name).write_bytes(os.urandom(17 * 1024**2))

    def stop_at_the_third_part(request: Seen) -> str:
        if request.part == 3:
            os.kill(os.getpid(), signal.SIGINT)
            return "stall"
        return ""

    def pending() -> list[str]:
        client = boto3.client("s3", endpoint_url=moto_address, region_name="us-east-1")
        return [
            row["Key"].rpartition("/")[2] for row in client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        ]

    with proxy_before(moto_address) as proxy:
        Path("c.ini").write_text(CONFIG.format(bucket=bucket, endpoint=proxy.address))
        proxy.rule = stop_at_the_third_part
        for name in ("film.bin", "other.bin"):
            stopped = run("upload", name, "--config", "c.ini", "--no-progress")
            assert stopped.code == 130
            assert "run the same command again" in stopped.err and "delivery upload --abort" in stopped.err
            assert not Path(f"{name.partition('.')[0]}-delivery").exists()
        assert sorted(pending()) == ["film.bin", "other.bin"]
        assert run("upload", "film.bin", "--abort", "--dry-run", "--config", "c.ini").code == 2
        assert sorted(pending()) == ["film.bin", "other.bin"]
        one = run("upload", "film.bin", "--abort", "--config", "c.ini")
        assert one.code == 0 and "gave up 1 unfinished" in one.out
        assert pending() == ["other.bin"]
        assert "gave up 1 unfinished" in run("upload", "--abort", "--config", "c.ini").out
        assert pending() == []


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to itself")
def test_what_is_piped_in_is_not_said_to_go_on(
    run: Run, moto_address: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_at_the_comparison(request: Seen) -> str:
        if request.method == "HEAD":
            os.kill(os.getpid(), signal.SIGINT)
        return ""

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(os.urandom(6 * 1024**2))))
    with proxy_before(moto_address) as proxy:
        Path("c.ini").write_text(CONFIG.format(bucket=bucket, endpoint=proxy.address))
        proxy.rule = stop_at_the_comparison
        stopped = run("upload", "-", "--name", "film.bin", "--config", "c.ini", "--no-progress")
    assert stopped.code == 130
    assert "from its beginning again" in stopped.err and "delivery upload --abort" in stopped.err
    assert "where it stopped" not in stopped.err


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to itself")
def test_it_is_heard_while_the_store_leaves_the_first_question_open(
    run: Run, moto_address: str, bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "film.bin").write_bytes(b"film")
    stop_at: set[str] = set()

    def stop(request: Seen) -> str:
        if request.method not in stop_at:
            return ""
        os.kill(os.getpid(), signal.SIGINT)
        return "stall"

    with proxy_before(moto_address) as proxy:
        Path("c.ini").write_text(CONFIG.format(bucket=bucket, endpoint=proxy.address))
        proxy.rule = stop
        for asked, method in (("film.bin", "GET"), ("film.bin", "PUT"), ("--abort", "GET")):
            stop_at |= {method}
            begun = time.monotonic()
            assert run("upload", asked, "--config", "c.ini", "--no-progress").code == 130
            assert time.monotonic() - begun < 20  # the proxy would stall for a minute
            stop_at.clear()
        assert "gave up 1 unfinished" in run("upload", "--abort", "--config", "c.ini").out


@pytest.mark.parametrize("paths", [("film.bin",), ("-", "--name", "film.bin")])
def test_an_upload_is_given_up_by_the_options_it_was_begun_with(
    run: Run, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, paths: tuple[str, ...]
) -> None:
    (tmp_path / "film.bin").write_bytes(b"film")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"film")))
    monkeypatch.setenv("DELIVERY_REPORT", "report.json")
    asked = []

    def abort(names: list[str], **_: object) -> Pruned:
        asked.append(names)
        assert list((home / "state").glob("inputs/*/*")) == []  # what was piped in is not kept for this
        return Pruned()

    monkeypatch.setattr("delivery.tidying.abort", abort)
    options = "--summary s.md --dotenv d.env --code-quality q.json --qr - --bwlimit 5MB --verify --expires 1d"
    answer = run("upload", *paths, *options.split(), "--copy", "--open", "--no-page", "--abort")
    assert (answer.code, asked) == (0, [["film.bin"]])
