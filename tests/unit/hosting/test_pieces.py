from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.errors import Cancelled, SourceChangedError
from delivery.hosting.bodies import FileBody, MemoryBody, PiecesBody, SliceBody
from delivery.hosting.items import Upload
from delivery.hosting.pace import Pace
from delivery.intake.source import BLOCK
from delivery.progress import CancelToken, Halt, Halted

FREE = Pace(None, CancelToken())


def test_a_body_takes_back_what_it_told_when_it_starts_over() -> None:
    told: list[int] = []
    body = MemoryBody(memoryview(b"abcdef"), told.append, FREE)
    assert b"".join(body.blocks()) == b"abcdef"
    assert b"".join(body.blocks()) == b"abcdef"
    assert sum(told) == 6


def test_a_slice_is_read_again_for_every_try(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "f").write_bytes(data)
    entry = Upload.of_path(tmp_path / "f").entry
    told: list[int] = []
    part = data[1_200_000:2_700_000]
    body = SliceBody(entry, 1_200_000, len(part), told.append, FREE, crc32=zlib.crc32(part))
    blocks = body.blocks()
    next(blocks)
    for _ in range(2):
        assert b"".join(map(bytes, body.blocks())) == part
    assert sum(told) == body.size == len(part)


@pytest.mark.parametrize("portably", [False, True])
def test_a_slice_of_a_file_that_became_shorter_is_no_slice(
    tmp_path: Path, portably: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if portably:
        monkeypatch.delattr(os, "readv", raising=False)
    (tmp_path / "f").write_bytes(b"x" * 2_000_000)
    blocks = SliceBody(Upload.of_path(tmp_path / "f").entry, 0, 2_000_000, lambda count: None, FREE).blocks()
    assert bytes(next(blocks)) == b"x" * BLOCK
    os.truncate(tmp_path / "f", 1_100_000)
    with pytest.raises(SourceChangedError):
        list(blocks)


def test_a_slice_that_changes_while_it_is_read_is_never_sent_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 3_000_000)
    blocks = SliceBody(Upload.of_path(path).entry, 0, 2_500_000, lambda count: None, FREE).blocks()
    sent = len(next(blocks))
    with path.open("r+b") as stream:
        stream.seek(1_500_000)
        stream.write(b"other")
    with pytest.raises(SourceChangedError):
        for block in blocks:
            sent += len(block)
    assert sent < 2_500_000


def test_a_slice_that_changed_with_size_and_time_kept_is_never_sent_to_its_end(tmp_path: Path) -> None:
    path, data = tmp_path / "f", bytearray(os.urandom(3_000_000))
    path.write_bytes(data)
    entry, crc = Upload.of_path(path).entry, zlib.crc32(data)
    data[1_500_000] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns))
    sent = 0
    with pytest.raises(SourceChangedError):
        for block in SliceBody(entry, 0, len(data), lambda count: None, FREE, crc32=crc).blocks():
            sent += len(block)
    assert sent < len(data)


def test_a_streamed_file_is_hashed_anew_on_each_try(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 1000)
    body = FileBody(Upload.of_path(tmp_path / "f").entry, lambda count: None, FREE)
    list(body.blocks())
    first = body.digest
    list(body.blocks())
    assert body.digest == first


def test_the_pace_holds_over_all_senders() -> None:
    pace = Pace(1_000_000, CancelToken())
    begun = time.monotonic()
    for _ in range(4):
        pace.wait(pace.block)
    assert time.monotonic() - begun >= 3 * pace.block / 1_000_000
    assert pace.block == 125_000


def test_a_wait_for_the_pace_is_cancelled_at_once() -> None:
    cancel = CancelToken()
    pace = Pace(1, Halt(cancel))
    pace.wait(4096)
    cancel.cancel()
    with pytest.raises(Cancelled):
        pace.wait(4096)


def test_a_halt_is_told_from_a_cancel() -> None:
    alone, parent = Halt(CancelToken()), CancelToken()
    alone.cancel()
    with pytest.raises(Halted):
        alone.check()
    parent.cancel()
    with pytest.raises(Cancelled) as caught:
        Halt(parent).check()
    assert not isinstance(caught.value, Halted)


@pytest.mark.parametrize("count, times", [(100_000, 1), (1_000_000, 3)])
def test_many_pieces_are_made_anew_for_each_try_and_few_are_held(count: int, times: int) -> None:
    made = []

    def pieces() -> Iterator[bytes]:
        made.append(True)
        yield from (b"%06d" % number for number in range(count))

    body, whole = PiecesBody(pieces), b"".join(b"%06d" % number for number in range(count))
    assert (body.size, body.sha256()) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert b"".join(body.blocks()) == b"".join(body.blocks()) == whole
    assert len(made) == times
    assert max(map(len, body.blocks())) < 300_000


def test_no_pieces_are_an_empty_body() -> None:
    body = PiecesBody(lambda: [])
    assert (body.size, b"".join(body.blocks())) == (0, b"")
