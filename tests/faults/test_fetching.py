"""Downloads that networks, stores and strangers do harm to: they go on, or they fail whole; nothing is ever mixed."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.faulty import once
from support.origin import Asked, Origin, origin, record_of

from delivery.errors import (
    Cancelled,
    IntegrityError,
    LocalError,
    StoreRefusedError,
    StoreUnreachableError,
)
from delivery.fetching import download, fetch, target, transfer
from delivery.fetching.place import Place
from delivery.progress import CancelToken, RecordingProgress
from delivery.storage import answers, dial, retry
from delivery.storage.growth import FEWEST, MOST

ROOT = Path(__file__).parents[2]
KIB = 1024
BIG = random.Random(1).randbytes(3_000_001)
OTHER = random.Random(2).randbytes(3_000_001)
WORK = ".delivery-unfinished-fetch"


@pytest.fixture
def server() -> Iterator[Origin]:
    with origin() as made:
        yield made


@pytest.fixture(autouse=True)
def _small_pieces_and_short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_LEAST_PIECE", 256 * KIB)
    monkeypatch.setattr(download, "_MOST_PIECE", 256 * KIB)
    monkeypatch.setattr(download, "_NOTED", 64 * KIB)
    monkeypatch.setattr(download, "_WORTH", 32 * KIB)
    monkeypatch.setattr(retry, "_FIRST", 0.01)
    monkeypatch.setattr(retry, "_FIRST_SLOW", 0.01)


@pytest.fixture(params=["memory", "file"])
def from_both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is hashed lies in memory still, or is read back from the file."""
    if request.param == "file":
        monkeypatch.setattr("delivery.buffers.MOST", 0)


def lies(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def of_big(asked: Asked) -> bool:
    return asked.name == "big.bin"


def later(asked: Asked) -> bool:
    return of_big(asked) and asked.start > 0


@pytest.mark.usefixtures("from_both")
def test_all_of_it_comes_in_pieces_and_again_nothing_comes(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG, "small.txt": b"hello", "empty.txt": b""})
    done = fetch(url, tmp_path / "out")
    assert lies(tmp_path / "out").keys() == {"big.bin", "small.txt", "empty.txt", "delivery-manifest.json"}
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert (done.files[0].size, done.files[0].sha256) == (len(BIG), hashlib.sha256(BIG).hexdigest())
    assert len(server.requests("big.bin")) == 12 and server.served("big.bin") == len(BIG)
    assert len({item.start for item in server.requests("big.bin")}) == 12
    assert all(item.headers["if-match"] == '"v1"' for item in server.requests("big.bin") if item.start)
    assert b"http" not in (tmp_path / "out" / "delivery-manifest.json").read_bytes()
    server.asked.clear()
    again = fetch(url, tmp_path / "out")
    assert (again.files, len(again.already_there)) == ((), 3)
    assert [item.name for item in server.asked] == ["manifest"]


@pytest.mark.usefixtures("from_both")
@pytest.mark.parametrize("harm", ["reset 40000", "reset 0", "cut 100000", "503 SlowDown", "429 ", "500 InternalError"])
def test_what_passes_is_tried_again_and_no_byte_comes_twice(server: Origin, tmp_path: Path, harm: str) -> None:
    url = server.deliver({"big.bin": BIG})
    server.rule = once(harm, of_big, times=3)
    told = RecordingProgress()
    fetch(url, tmp_path / "out", progress=told)
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    lost = 3 * 40_000 if harm.startswith("reset 4") else 0  # a reset takes along what was not read yet
    assert server.served("big.bin") <= len(BIG) + lost
    assert told.tasks[-1].done == len(BIG)


def test_a_server_that_never_recovers_is_told_and_what_came_is_kept(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    server.rule = lambda asked: "503 SlowDown" if asked.start >= 1_000_000 else ""
    with pytest.raises(StoreUnreachableError) as failed:
        fetch(url, tmp_path / "out")
    assert "again" in failed.value.hint and "http" not in str(failed.value)
    assert list(lies(tmp_path / "out")) != [] and not (tmp_path / "out" / "big.bin").exists()
    before = server.served("big.bin")
    server.rule = lambda asked: ""
    told = RecordingProgress()
    fetch(url, tmp_path / "out", progress=told)
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert before > 0 and server.served("big.bin") == len(BIG)
    assert any("are here already" in note for note in told.notes)
    assert told.tasks[-1].done == len(BIG)


def test_a_stall_is_a_lost_connection(server: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "STALL_SECONDS", 0.3)
    url = server.deliver({"big.bin": BIG})
    server.rule = once("stall", of_big)
    fetch(url, tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG


def test_a_cancel_is_heard_in_a_stall(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    cancel = CancelToken()

    def stall(asked: Asked) -> str:
        if of_big(asked):
            threading.Timer(0.2, cancel.cancel).start()
            return "stall"
        return ""

    server.rule = stall
    with pytest.raises(Cancelled):
        fetch(url, tmp_path / "out", cancel=cancel)


def replace_at(server: Origin, place: Callable[[Asked], bool], **kept: str) -> None:
    def rule(asked: Asked) -> str:
        if place(asked):
            server.put("big.bin", OTHER, **kept)
        return ""

    server.rule = rule


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"etag": '"v2"'}),  # refused by If-Match
        ({"etag": 'W/"v1"'}, {"etag": 'W/"v2"'}),  # no If-Match with a weak one: the answers are compared
        ({"etag": ""}, {"etag": "", "modified": "Tue, 24 Nov 2026 00:00:00 GMT"}),
    ],
)
def test_an_object_that_is_replaced_meanwhile_ends_it(
    server: Origin, tmp_path: Path, before: dict[str, str], after: dict[str, str]
) -> None:
    url = server.deliver({"big.bin": BIG})
    server.put("big.bin", BIG, **before)
    replace_at(server, lambda asked: asked.start >= 1_500_000, **after)
    with pytest.raises(IntegrityError) as failed:
        fetch(url, tmp_path / "out")
    assert failed.value.code == "replaced"
    assert not (tmp_path / "out" / "big.bin").exists()


@pytest.mark.usefixtures("from_both")
def test_one_that_is_replaced_without_a_sign_is_known_by_its_digest(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG, "other.txt": b"fine"})
    replace_at(server, lambda asked: asked.start >= 1_500_000)
    with pytest.raises(IntegrityError, match="SHA-256"):
        fetch(url, tmp_path / "out")
    assert "big.bin" not in lies(tmp_path / "out")
    assert not any("part" in name for name in lies(tmp_path / "out"))


def test_a_single_files_link_never_mixes_either(server: Origin, tmp_path: Path) -> None:
    url = server.put("big.bin", BIG)
    replace_at(server, lambda asked: asked.start >= 1_500_000, etag='"v2"')
    with pytest.raises(IntegrityError):
        fetch(url, tmp_path / "out")
    assert "big.bin" not in lies(tmp_path / "out")


def test_without_any_version_a_single_file_comes_in_one_stream(server: Origin, tmp_path: Path) -> None:
    url = server.put("big.bin", BIG, etag="", modified="")
    server.rule = once("reset 500000", lambda asked: "range" in asked.headers)
    done = fetch(url, tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert {(item.start, item.end) for item in server.requests("big.bin")} == {(0, len(BIG))}
    assert not done.verified and done.files[0].sha256 == hashlib.sha256(BIG).hexdigest()


NO_MD5 = [{}, {"etag": ""}, {"etag": '""'}, {"etag": '"0123456789abcdef0123456789abcdef-3"'}]


@pytest.mark.parametrize("signs", NO_MD5)
def test_a_single_file_that_was_fetched_is_known_again_by_its_time(
    server: Origin, tmp_path: Path, signs: dict[str, str]
) -> None:
    url = server.put("big.bin", BIG, **signs)
    assert len(fetch(url, tmp_path / "out").files) == 1
    assert (tmp_path / "out" / "big.bin").stat().st_mtime == datetime(2026, 11, 23, tzinfo=UTC).timestamp()
    before = len(server.asked)
    again = fetch(url, tmp_path / "out")
    assert (again.files, again.verified) == ((), False)
    assert again.already_there[0].sha256 == hashlib.sha256(BIG).hexdigest()
    assert len(server.asked) == before + 1  # the look at what the link is


NO_TIME = [{"etag": "", "modified": ""}, {"modified": "some day"}]


@pytest.mark.parametrize("signs", [*NO_MD5, *NO_TIME, {"etag": f'"{"0" * 32}"'}])
def test_where_nothing_tells_the_bytes_are_compared(server: Origin, tmp_path: Path, signs: dict[str, str]) -> None:
    url = server.put("big.bin", BIG, **signs)
    fetch(url, tmp_path / "out")
    path = tmp_path / "out" / "big.bin"
    os.utime(path, (1, 1))
    told = RecordingProgress()
    again = fetch(url, tmp_path / "out", progress=told)
    assert (again.files, len(again.already_there)) == ((), 1)
    assert any("downloaded beside and compared" in note for note in told.notes)
    path.write_bytes(OTHER)
    os.utime(path, (1, 1))
    with pytest.raises(LocalError) as failed:
        fetch(url, tmp_path / "out")
    assert failed.value.code == "out-exists" and "move it away" in failed.value.hint
    assert lies(tmp_path / "out") == {"big.bin": OTHER}


def test_another_size_is_another_file_without_a_download(server: Origin, tmp_path: Path) -> None:
    url = server.put("big.bin", BIG)
    (tmp_path / "big.bin").write_bytes(b"mine")
    with pytest.raises(LocalError, match=rf"^{re.escape(str(tmp_path))}.big\.bin exists already and is not") as failed:
        fetch(url, tmp_path)
    assert failed.value.code == "out-exists" and "move it away" in failed.value.hint
    assert len(server.asked) == 1 and lies(tmp_path) == {"big.bin": b"mine"}


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege elsewhere")
def test_a_link_under_a_single_files_name_is_not_followed(server: Origin, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(BIG)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "big.bin").symlink_to(tmp_path / "mine")
    with pytest.raises(LocalError, match="not what the link leads to") as failed:
        fetch(server.put("big.bin", BIG), tmp_path / "out")
    assert failed.value.code == "out-exists"


def test_a_comparison_that_was_cut_off_goes_on(server: Origin, tmp_path: Path) -> None:
    url = server.put("big.bin", BIG)
    (tmp_path / "big.bin").write_bytes(BIG)
    cut_off(server, url, tmp_path)
    assert (tmp_path / "big.bin").read_bytes() == BIG
    server.asked.clear()
    told = RecordingProgress()
    assert len(fetch(url, tmp_path, progress=told).already_there) == 1
    assert any("are here already" in note for note in told.notes)
    assert sum(item.served for item in server.asked if "range" in item.headers) < len(BIG)
    assert lies(tmp_path) == {"big.bin": BIG}


def cut_off(server: Origin, url: str, out: Path) -> None:
    server.rule = lambda asked: "403 AccessDenied" if asked.start >= 1_500_000 else ""
    with pytest.raises(StoreRefusedError):
        fetch(url, out)
    server.rule = lambda asked: ""


@pytest.mark.usefixtures("from_both")
def test_another_object_at_the_next_run_starts_over(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    cut_off(server, url, tmp_path / "out")
    before = server.served("big.bin")
    server.put("big.bin", BIG, etag='"v2"')
    told = RecordingProgress()
    fetch(url, tmp_path / "out", progress=told)
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert server.served("big.bin") - before >= len(BIG)
    assert any("another object is there now" in note for note in told.notes)
    assert told.tasks[-1].done == len(BIG)


@pytest.mark.usefixtures("from_both")
def test_what_a_power_cut_spoilt_is_downloaded_anew(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    cut_off(server, url, tmp_path / "out")
    (part,) = (tmp_path / "out" / WORK).glob("*.part")
    with part.open("r+b") as stream:
        stream.write(bytes(4096))
    told = RecordingProgress()
    fetch(url, tmp_path / "out", progress=told)
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert any("anew" in note for note in told.notes)


def test_what_a_power_cut_spoilt_of_a_single_file_is_downloaded_anew(server: Origin, tmp_path: Path) -> None:
    """No digest tells in the end, and the record may be on the disk before the bytes that it tells of."""
    url = server.put("big.bin", BIG)
    cut_off(server, url, tmp_path / "out")
    (part,) = (tmp_path / "out" / WORK).glob("*.part")
    with part.open("r+b") as stream:
        stream.write(bytes(4096))
    server.asked.clear()
    fetch(url, tmp_path / "out")
    assert lies(tmp_path / "out") == {"big.bin": BIG}
    assert sum(item.served for item in server.asked if "range" in item.headers) < len(BIG)


def test_a_renewed_link_goes_on_with_what_is_here(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    cut_off(server, url, tmp_path / "out")
    before = server.served("big.bin")
    fetch(url + "&renewed=1", tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert 0 < server.served("big.bin") - before < len(BIG)


ENDED = dict.fromkeys(["403 AccessDenied", "403 ", "400 AccessDenied", "401 "], "for a renewed link")
GONE = dict.fromkeys(["404 NoSuchKey", "410 "], "to send it again")


@pytest.mark.parametrize(("answer", "helps"), (ENDED | GONE).items())
def test_a_link_that_has_ended_says_whom_to_ask(server: Origin, tmp_path: Path, answer: str, helps: str) -> None:
    url = server.deliver({"big.bin": BIG})
    for name in ("big.bin", "manifest"):
        server.rule = lambda asked, name=name: answer if asked.name == name else ""  # type: ignore[misc]
        with pytest.raises(StoreRefusedError) as failed:
            fetch(url, tmp_path / "out")
        assert failed.value.exit_code == 5
        assert failed.value.hint.startswith(f"ask whoever sent it {helps}")
        assert "5ec7e7" not in str(failed.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "answer", ["400 UnsupportedAlgorithm", "400 AuthorizationQueryParametersError", "400 ", "403 SignatureDoesNotMatch"]
)
def test_a_link_that_was_cut_or_altered_is_to_be_copied_again(server: Origin, tmp_path: Path, answer: str) -> None:
    url = server.deliver({"big.bin": BIG})
    server.rule = lambda asked: answer if asked.name == "manifest" else ""
    with pytest.raises(StoreRefusedError) as failed:
        fetch(url, tmp_path / "out")
    assert str(failed.value).startswith("the link does not open (4") and "cut or altered" in str(failed.value)
    assert "expired" not in str(failed.value)
    assert failed.value.hint.startswith("copy the link once more, whole") and "renewed link" in failed.value.hint
    assert (failed.value.code, failed.value.exit_code) == ("link-altered", 5)
    server.rule = lambda asked: answer if of_big(asked) else ""
    with pytest.raises(StoreRefusedError, match=r"the link of big\.bin does not open .* cut or altered") as failed:
        fetch(url, tmp_path / "out")
    assert failed.value.hint.startswith("ask whoever sent it")  # nobody copied that one


def test_a_link_without_its_end_is_not_called_expired(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    server.rule = lambda asked: "403 AccessDenied"
    with pytest.raises(StoreRefusedError, match="no signature is in it"):
        fetch(url.partition("?")[0], tmp_path / "out")
    with pytest.raises(StoreRefusedError, match=r"the link does not open .* it has expired or was withdrawn"):
        fetch(url, tmp_path / "out")


def test_a_link_to_nothing_and_one_in_a_circle_are_told_once(server: Origin, tmp_path: Path) -> None:
    with pytest.raises(StoreRefusedError, match=r"^nothing is at the link any more \(404 NoSuchKey\)"):
        fetch(server.url("gone"), tmp_path / "out")
    server.rule = lambda asked: f"redirect {server.url('gone')}"
    with pytest.raises(StoreRefusedError, match=r"^the link leads from one place to the next without end"):
        fetch(server.url("gone"), tmp_path / "out")


def test_what_no_renewed_link_would_mend_is_not_told_to_be_renewed(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    server.rule = lambda asked: "416 InvalidRange" if of_big(asked) else ""
    with pytest.raises(IntegrityError, match=r"big\.bin is shorter at its link") as failed:
        fetch(url, tmp_path / "out")
    assert failed.value.hint == "ask whoever sent it to send it again (they run: delivery send)"
    server.rule = lambda asked: "unsized"
    with pytest.raises(StoreRefusedError, match="does not tell its size") as refused:
        fetch(server.url("big.bin"), tmp_path / "out")
    assert refused.value.hint.endswith("save the file with a browser")


@pytest.mark.usefixtures("from_both")
def test_wrong_bytes_have_no_name_here(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG, "small.txt": b"hello"}, small={"sha256": "0" * 64})
    with pytest.raises(IntegrityError, match=r"small\.txt is not what was sent"):
        fetch(url, tmp_path / "out")
    assert "small.txt" not in lies(tmp_path / "out")


def test_a_wrong_size_is_known_at_once(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG}, big={"size": len(BIG) + 5})
    with pytest.raises(IntegrityError, match=r"3,000,001 bytes instead of 3,000,006"):
        fetch(url, tmp_path / "out")
    assert server.served("big.bin") <= 256 * KIB


def test_ranges_that_are_answered_with_200_are_ranges(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    server.ranged_status = 200
    fetch(url, tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert server.served("big.bin") == len(BIG)


@pytest.mark.usefixtures("from_both")
def test_a_server_without_ranges_is_read_in_one_stream(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    server.rule = lambda asked: "whole"
    fetch(url, tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert server.served("big.bin") == len(BIG)


@pytest.mark.usefixtures("from_both")
@pytest.mark.parametrize("harm", ["reset 1000000", "cut 2000000", "503 SlowDown"])
def test_one_stream_that_breaks_begins_again(server: Origin, tmp_path: Path, harm: str) -> None:
    url = server.deliver({"big.bin": BIG})
    server.ignores_ranges = True
    server.rule = once(harm, of_big, times=2)
    told = RecordingProgress()
    fetch(url, tmp_path / "out", progress=told)
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    assert told.tasks[-1].done == len(BIG)
    server.rule = lambda asked: harm if of_big(asked) else ""
    with pytest.raises(StoreUnreachableError):
        fetch(url, tmp_path / "other")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_over_tls_the_same_and_never_without_a_certificate_that_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-keyout", key, "-out", certificate, "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with origin(context) as server:
        url = server.deliver({"big.bin": BIG})
        with pytest.raises(StoreUnreachableError, match="certificate is not valid"):
            fetch(url, tmp_path / "out")
        monkeypatch.setattr(dial, "tls_context", lambda: ssl.create_default_context(cafile=certificate))
        server.rule = once("reset 100000", of_big)
        fetch(url, tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG


@pytest.mark.parametrize("harm", ["other", "whole"])
def test_a_server_that_changes_its_mind_on_ranges_is_not_believed(server: Origin, tmp_path: Path, harm: str) -> None:
    url = server.deliver({"big.bin": BIG})
    server.rule = once(harm, later, times=2)
    fetch(url, tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG


def test_redirects_are_followed_within_bounds(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    there = server.put("there", BIG)
    server.rule = lambda asked: f"redirect {there}" if of_big(asked) else ""
    fetch(url, tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG
    server.rule = lambda asked: f"redirect {server.url('big.bin')}" if of_big(asked) else ""
    with pytest.raises(StoreRefusedError, match="without end"):
        fetch(url, tmp_path / "other")
    for place in ("http://192.0.2.1/x", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:pw@127.0.0.1/x"):
        server.rule = lambda asked, place=place: f"redirect {place}" if of_big(asked) else ""  # type: ignore[misc]
        with pytest.raises(IntegrityError, match="not followed"):
            fetch(url, tmp_path / "other")


def test_the_portable_way_to_write_brings_the_same(
    server: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, "_pwrite", None)
    fetch(server.deliver({"big.bin": BIG}), tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == BIG


def test_a_full_disk_is_a_local_error(server: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: memoryview, offset: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(target, "_pwrite", full)
    with pytest.raises(LocalError) as failed:
        fetch(server.deliver({"big.bin": BIG}), tmp_path / "out")
    assert failed.value.code == "disk-full"


def test_a_disk_without_room_is_not_kept_full(server: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, size: int) -> None:
        os.write(descriptor, bytes(10))  # a file system may have given some of it
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(target, "reserve", full)
    with pytest.raises(LocalError) as failed:
        fetch(server.deliver({"big.bin": BIG}), tmp_path / "out")
    assert failed.value.code == "disk-full"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("step", "suffix"), [("write_bytes", ".json"), ("mkdir", ".whole"), ("unlink", ".part")])
def test_a_disk_that_is_full_beside_the_files_themselves_is_told_too(
    server: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, suffix: str
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", b"work")
    url = server.deliver(
        {"a.zip": packed.getvalue()}, files=[record_of("a.txt", b"work", "a.zip")], a={"kind": "archive"}
    )
    done, left = getattr(Path, step), [suffix]

    def full(path: Path, *more: object, **named: object) -> object:
        if path.suffix in left:
            left.remove(path.suffix)
            raise OSError(errno.ENOSPC, "No space left on device")
        return done(path, *more, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Path, step, full)
        with pytest.raises(LocalError, match=f"disk is full.*{re.escape(suffix)} could not be written") as failed:
            fetch(url, tmp_path / "out", unpack=True)
    assert failed.value.code == "disk-full"
    fetch(url, tmp_path / "out", unpack=True)
    assert lies(tmp_path / "out")["a.txt"] == b"work"


def test_what_lies_here_packed_is_unpacked_without_coming_again(server: Origin, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deep/a.txt", b"work")
    parts = {"a.zip": packed.getvalue(), "b.txt": b"beside", "v.001": BIG[:999_999], "w.002": BIG[999_999:]}
    files = [
        record_of("deep/a.txt", b"work", "a.zip"),
        record_of("deep/b.txt", b"beside", "b.txt"),
        record_of("big.bin", BIG) | {"parts": ["v.001", "w.002"]},
    ]
    volume = {"kind": "volume", "file": "big.bin", "of": 2}
    changes = {
        "a": {"kind": "archive"},
        "v": volume | {"order": 1, "offset": 0},
        "w": volume | {"order": 2, "offset": 999_999},
    }
    url, out = server.deliver(parts, files=files, **changes), tmp_path / "out"
    fetch(url, out)
    (out / "w.002").write_bytes(OTHER[999_999:])  # the user's by now
    before = lies(out)
    server.asked.clear()
    foreseen = fetch(url, out, unpack=True, dry_run=True)
    assert foreseen.to_download == len(parts["w.002"])
    fetch(url, out, unpack=True)
    assert {item.name for item in server.asked} == {"manifest", "w.002"}
    assert lies(out) == before | {"deep/a.txt": b"work", "deep/b.txt": b"beside", "big.bin": BIG}


def test_two_runs_do_not_meet_in_one_folder(server: Origin, tmp_path: Path) -> None:
    url = server.deliver({"big.bin": BIG})
    with Place(tmp_path / "out"), pytest.raises(LocalError) as failed:
        fetch(url, tmp_path / "out")
    assert failed.value.code == "out-in-use"
    fetch(url, tmp_path / "out")


@pytest.mark.heavy
@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_again_and_again_it_goes_on_and_brings_little_twice(server: Origin, tmp_path: Path) -> None:
    data = random.Random(3).randbytes(200_000_000)
    url = server.deliver({"big.bin": data})
    command = [sys.executable, "-m", "delivery", "fetch", url, "-o", str(tmp_path / "out"), "--no-progress"]
    kills = 0
    for number in range(1, 8):
        threshold = number * 25_000_000
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while process.poll() is None and server.served("big.bin") < threshold:
                time.sleep(0.005)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.wait()
        assert kills < number or not (tmp_path / "out" / "big.bin").exists()
    assert kills >= 3
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "big.bin").read_bytes() == data
    # Each kill costs at most what eight connections (so short a run has no more) had under way since their last note.
    assert server.served("big.bin") <= len(data) + kills * 8 * (8 + 1) * 1024**2
    assert list((tmp_path / "out").glob(".delivery*")) == []


def test_a_server_whose_connections_are_slow_is_asked_over_more_of_them(
    server: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "LOOK_SECONDS", 0.2)
    data = random.Random(3).randbytes(30_000_000)
    server.rule = lambda asked: "slow 0.1"
    fetched = fetch(server.deliver({"big.bin": data, "more.bin": data[:700_000]}), tmp_path / "out")
    assert (tmp_path / "out" / "big.bin").read_bytes() == data
    assert len(fetched.files) == 2
    assert FEWEST < len({asked.connection for asked in server.requests("big.bin")}) <= MOST
    assert server.served("big.bin") == len(data)
