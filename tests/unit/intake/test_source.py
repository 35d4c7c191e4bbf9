from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from delivery import places
from delivery.errors import Cancelled, LocalError, SourceChangedError
from delivery.intake import source, take_in, with_digests
from delivery.intake.observe import observe
from delivery.intake.source import Source
from delivery.intake.strip import strip
from delivery.intake.twins import twins
from delivery.model import Deliverable, FileEntry
from delivery.packing import estimate
from delivery.progress import CancelToken, RecordingProgress


def entry_of(path: Path, data: bytes) -> FileEntry:
    path.write_bytes(data)
    return take_in([path]).entries[0]


def read_all(entry: FileEntry) -> tuple[bytes, str]:
    data = b""
    buffer = bytearray(7)
    with Source(entry) as reader:
        while count := reader.readinto(buffer):
            data += buffer[:count]
        return data, reader.sha256


def test_it_gives_the_bytes_and_their_digest(tmp_path: Path) -> None:
    data = os.urandom(1000)
    assert read_all(entry_of(tmp_path / "f", data)) == (data, hashlib.sha256(data).hexdigest())


def test_the_portable_way_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(1000)
    entry = entry_of(tmp_path / "f", data)
    monkeypatch.delattr(source.os, "readv", raising=False)
    assert read_all(entry) == (data, hashlib.sha256(data).hexdigest())


def test_a_file_that_was_replaced_before_reading_is_refused(tmp_path: Path) -> None:
    entry = entry_of(tmp_path / "f", b"old")
    (tmp_path / "f").write_bytes(b"newer")
    with pytest.raises(SourceChangedError, match="changed"), Source(entry):
        pass


@pytest.mark.parametrize("change", ["append", "truncate", "touch"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "f"
    entry = entry_of(path, b"x" * 100)
    with pytest.raises(SourceChangedError), Source(entry) as reader:
        reader.readinto(bytearray(10))
        if change == "append":
            with path.open("ab") as stream:
                stream.write(b"more")
        elif change == "truncate":
            os.truncate(path, 50)
        else:
            os.utime(path, ns=(0, entry.mtime_ns + 1_000_000_000))
        while reader.readinto(bytearray(10)):
            pass


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_small_file_is_read_in_one(tmp_path: Path, size: int) -> None:
    data, buffer = os.urandom(size), bytearray(1001)
    with Source(entry_of(tmp_path / "f", data)) as reader:
        assert reader.read_all(memoryview(buffer)) == size
        assert buffer[:size] == data
        assert reader.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("before", [b"", b"x" * 100])
@pytest.mark.parametrize("after", [b"y" * 101, b"y" * 99, b"y" * 100])
def test_a_small_file_that_changes_before_it_is_read_in_one_is_refused(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    path = tmp_path / "f"
    entry = entry_of(path, before)
    with pytest.raises(SourceChangedError), Source(entry) as reader:
        path.write_bytes(after)
        os.utime(path, ns=(entry.mtime_ns + 10**9,) * 2)
        reader.read_all(memoryview(bytearray(101)))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs a file that says 0 and holds more")
def test_what_says_that_it_is_empty_and_is_not_is_refused() -> None:
    status = os.stat("/proc/self/status")
    entry = FileEntry("/proc/self/status", "status", 0, status.st_mtime_ns)
    with pytest.raises(SourceChangedError), Source(entry) as reader:
        reader.read_all(memoryview(bytearray(1)))


def test_a_file_that_has_gone_is_named(tmp_path: Path) -> None:
    entry = entry_of(tmp_path / "f", b"x")
    (tmp_path / "f").unlink()
    with pytest.raises(LocalError, match="not there any more") as caught, Source(entry):
        pass
    assert caught.value.code == "file-missing"


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe")
def test_a_pipe_in_the_place_of_the_file_does_not_block(tmp_path: Path) -> None:
    entry = entry_of(tmp_path / "f", b"x")
    (tmp_path / "f").unlink()
    os.mkfifo(tmp_path / "f")
    with pytest.raises(SourceChangedError), Source(entry):
        pass


def test_many_files_are_hashed_in_their_order(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}").write_bytes(str(number).encode() * number)
    progress = RecordingProgress()
    entries = with_digests(take_in([tmp_path]).entries, progress=progress)
    expected = [hashlib.sha256(str(n).encode() * n).hexdigest() for n in range(300)]
    assert [entry.sha256 for entry in entries] == expected
    assert progress.tasks[0].done == progress.tasks[0].total


def test_hashing_stops_when_cancelled(tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        with_digests([entry_of(tmp_path / "f", b"x" * 10)], cancel=token)


def test_a_disk_that_numbers_its_files_anew_changes_none(tmp_path: Path) -> None:
    """FAT, exFAT and some network shares keep no such number: it is another one once the system forgot the file."""
    entry = entry_of(tmp_path / "f", b"x")
    shutil.copy2(tmp_path / "f", tmp_path / "g")
    os.replace(tmp_path / "g", tmp_path / "f")
    assert read_all(entry)[0] == b"x"


def test_a_disk_that_goes_while_its_file_is_open_is_told_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = entry_of(tmp_path / "f", b"x")
    gone = Mock(side_effect=OSError(errno.ENOTCONN, "not connected"))
    with pytest.raises(LocalError) as caught, monkeypatch.context() as patched:  # no longer: all use it
        patched.setattr(source.os, "fstat", gone)
        source.open_entry(entry)
    assert f"{entry.path} cannot be read: not connected" in str(caught.value)
    assert "share is connected" in caught.value.hint


def test_a_disk_that_goes_once_all_is_read_is_in_nobodys_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system in user space refuses even to close, once its program has ended."""
    entry, close = entry_of(tmp_path / "f", b"x"), os.close

    def gone(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.ENOTCONN, "not connected")

    monkeypatch.setattr(source.os, "close", gone)
    assert read_all(entry)[0] == b"x"


@pytest.mark.skipif(os.name != "posix", reason="Windows opens no folder")
@pytest.mark.parametrize(
    "look",
    [
        observe,
        estimate,
        lambda work: list(twins(work, CancelToken())),
        lambda work: strip(work, places.state_dir()),
    ],
    ids=["observe", "estimate", "twins", "strip"],
)
def test_a_disk_that_fails_in_the_middle_is_told_with_the_file(
    look: Callable[[Deliverable], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad sector, a share that has gone: what opens may not read, as a folder does not."""
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff" + bytes(5000))
    work = take_in([tmp_path])
    monkeypatch.setattr(source, "open_entry", lambda entry: os.open(tmp_path, os.O_RDONLY))
    with pytest.raises(LocalError, match=r"a\.jpg cannot be read") as caught:
        look(work)
    assert caught.value.code == "file-not-readable"
