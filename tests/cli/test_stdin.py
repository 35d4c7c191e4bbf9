"""``-``: what another program pipes in."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import urllib.request
from pathlib import Path

import pytest
from support.stores import KEYS, make_bucket
from support.terminal import Run

ROOT = Path(__file__).parents[2]


def piped(data: bytes, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, str(ROOT / "cli.py"), *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, timeout=120, cwd=cwd)


def tarball() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(ROOT / "sample", arcname="sample")
    return out.getvalue()


@pytest.fixture
def configured(moto_address: str, tmp_path: Path) -> Path:
    make_bucket(moto_address, "piped")
    path = tmp_path / "delivery.ini"
    keys = "\n".join(f"{name} = {value}" for name, value in KEYS.items())
    path.write_text(
        f"[delivery]\nstore = mine\n[upload]\npart_size = 5MiB\n"
        f"[store:mine]\nbucket = piped\nendpoint = {moto_address}\nregion = us-east-1\n{keys}\n"
    )
    path.chmod(0o600)
    return path


def test_a_tar_is_uploaded_as_it_is_piped_in(configured: Path, tmp_path: Path) -> None:
    data = tarball()
    done = piped(data, "upload", "-", "--name", "dist.tar", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (link,) = json.loads(done.stdout)["links"]
    assert link["name"] == "dist.tar" and urllib.request.urlopen(link["url"]).read() == data


def test_it_can_be_packed_and_checked_too(tmp_path: Path) -> None:
    done = piped(b"a,b\n", "pack", "-", "--name", "report.csv", "--out", "ready", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "ready" / "report.csv").read_bytes() == b"a,b\n"
    done = piped(b"", "check", "-", "--name", "logo.png", "--json", cwd=tmp_path)
    assert [item["code"] for item in json.loads(done.stdout)["findings"]] == ["empty-file"]


def test_a_dry_run_reads_it_and_tells_its_size(configured: Path, tmp_path: Path) -> None:
    done = piped(b"x" * 1234, "upload", "-", "--name", "a.bin", "--dry-run", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["files"][0]["size"] == 1234


def test_what_is_known_before_it_is_read_is_said(configured: Path, tmp_path: Path) -> None:
    done = piped(b"x" * 1234, "upload", "-", "--name", "a.bin", cwd=tmp_path)
    assert b"1 file, a stream of unknown size" in done.stderr and b"its size is known at its end" in done.stderr
    (tmp_path / "b.bin").write_bytes(b"x" * 1234)
    done = piped(b"x" * 1234, "upload", "-", "b.bin", "--name", "a.bin", cwd=tmp_path)
    assert b"2 files, 1.2 KB and a stream of unknown size" in done.stderr


@pytest.mark.parametrize(
    "arguments, hint",
    [
        (["upload", "-"], "--name"),
        (["pack", "-", "-", "--name", "a.bin"], "one file"),
        (["send", ".", "--name", "a.bin"], "upload -"),
    ],
)
def test_misuse_is_a_usage_error(run: Run, arguments: list[str], hint: str) -> None:
    answer = run(*arguments)
    assert answer.code == 2 and hint in answer.err


def test_a_terminal_is_not_waited_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for stdin in (None, type("Terminal", (), {"isatty": lambda self: True})()):
        monkeypatch.setattr(sys, "stdin", stdin)
        answer = run("upload", "-", "--name", "a.bin")
        assert answer.code == 2 and "nothing is piped in" in answer.err


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_memory_stays_flat_however_much_is_piped_in(configured: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from delivery.cli import app; code = app._run(sys.argv[1:]); from pathlib import Path; "
        "print(code, Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0], file=sys.stderr)"
    )
    peaks, plain = [], configured.read_text()
    for size, threads in ((30, "threads = 3"), (300, "threads = 3"), (300, "")):
        configured.write_text(plain.replace("[upload]", f"[upload]\n{threads}"))
        with subprocess.Popen(
            [sys.executable, "-c", script, "upload", "-", "--name", "a.bin", "-q", "--out", f"out-{len(peaks)}"],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as process:  # fmt: skip
            assert process.stdin is not None and process.stderr is not None
            block = os.urandom(1024**2)
            for _ in range(size):
                process.stdin.write(block)
            process.stdin.close()
            code, peak = process.stderr.read().split()[-2:]
            assert int(code) == 0
            peaks.append(int(peak) // 1024)
    assert peaks[1] < peaks[0] + 12, peaks  # MiB
    assert peaks[2] < 150, peaks  # with as many connections as it likes


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to another process")
@pytest.mark.parametrize("command", ["upload", "send", "check"])
def test_one_signal_is_heard_while_the_pipe_brings_nothing(configured: Path, tmp_path: Path, command: str) -> None:
    arguments = [sys.executable, str(ROOT / "cli.py"), command, "-", "--name", "x.bin", "--config", str(configured)]
    with subprocess.Popen(arguments, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin is not None and running.stderr is not None
        running.stdin.write(bytes(6 * 1024**2))  # more than a pipe holds: it is being read when this returns
        running.stdin.flush()
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
        assert b"run the same command again" in running.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to another process")
def test_a_pipe_that_is_called_off_before_anything_was_sent_leaves_no_journal(
    configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERY_HOME", str(home := tmp_path / "home"))
    arguments = [sys.executable, str(ROOT / "cli.py"), "upload", "-", "--name", "x.bin", "--config", str(configured)]
    with subprocess.Popen(arguments, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin is not None and running.stderr is not None
        running.stdin.write(bytes(1024**2))
        running.stdin.flush()
        ends = time.monotonic() + 60
        while not list(home.rglob("uploads/*.lock")) and time.monotonic() < ends:
            time.sleep(0.05)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    assert list((home / "state" / "uploads").iterdir()) == []
