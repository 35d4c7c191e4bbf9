from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.errors import Cancelled, SourceChangedError
from delivery.hosting.bodies import FileBody, MemoryBody, PiecesBody, SliceBody
from delivery.hosting.items import Upload
from delivery.hosting.pace import Pace
from delivery.intake.source import Source
from delivery.progress import CancelToken, Halt, Halted

FREE = Pace(None, CancelToken())


def test_a_body_takes_back_what_it_told_when_it_starts_over() -> None:
    told: list[int] = []
    body = MemoryBody(memoryview(b"abcdef"), told.append, FREE)
    assert b"".join(body.blocks()) == b"abcdef"
    assert b"".join(body.blocks()) == b"abcdef"
    assert sum(told) == 6


def test_a_slice_rewinds_with_its_digest(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "f").write_bytes(data)
    entry = Upload.of_path(tmp_path / "f").entry
    told: list[int] = []
    with Source(entry) as source:
        first = SliceBody(source, 1_500_000, told.append, FREE)
        for _ in range(2):
            assert b"".join(map(bytes, first.blocks())) == data[:1_500_000]
        second = SliceBody(source, 1_500_000, told.append, FREE)
        blocks = second.blocks()
        next(blocks)
        assert b"".join(map(bytes, second.blocks())) == data[1_500_000:]
        source.readinto(bytearray(1))
        import hashlib

        assert source.sha256 == hashlib.sha256(data).hexdigest()
    assert sum(told) == len(data)


def test_a_slice_of_a_file_that_became_shorter_is_no_slice(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 1000)
    with Source(Upload.of_path(tmp_path / "f").entry) as source:
        os.truncate(tmp_path / "f", 10)
        with pytest.raises(SourceChangedError):
            list(SliceBody(source, 1000, lambda count: None, FREE).blocks())


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
