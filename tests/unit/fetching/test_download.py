from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from delivery import buffers
from delivery.buffers import Buffers
from delivery.fetching import download
from delivery.fetching.download import Download, Item
from delivery.fetching.meter import Meter
from delivery.memory import read_buffer
from delivery.packing import trailing
from delivery.packing.crew import Crew
from delivery.packing.trailing import TrailingDigest
from delivery.progress import CancelToken, NullProgress
from delivery.storage.watch import Watch

STEP = 64 * 1024
DATA = random.Random(8).randbytes(8 * STEP)


class Answer:
    status = 206

    def __init__(self, start: int, end: int) -> None:
        self.headers = {"content-range": f"bytes {start}-{end - 1}/{len(DATA)}", "etag": '"one"'}
        self.length = end - start
        self._data = DATA[start:end]

    def readinto(self, view: memoryview) -> int:
        count = min(len(view), len(self._data))
        view[:count], self._data = self._data[:count], self._data[count:]
        return count


class Client:
    @contextmanager
    def open(self, url: str, what: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        start, _, last = headers["Range"].removeprefix("bytes=").partition("-")
        yield Answer(int(start), int(last) + 1)


@pytest.fixture
def unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A download of pieces of one step each."""
    for module, name in ((download, "_LEAST_PIECE"), (download, "_NOTED"), (trailing, "_STEP")):
        monkeypatch.setattr(module, name, STEP)
    token, progress, client = CancelToken(), NullProgress(), Client()
    item = Item("a.bin", len(DATA), hashlib.sha256(DATA).hexdigest(), "key", "http://127.0.0.1/a.bin")
    return Download(
        item,
        tmp_path,
        client=client,  # type: ignore[arg-type]
        task=progress.task("", len(DATA), "bytes"),
        progress=progress,
        crew=Crew(token),
        meter=Meter(),
        buffers=Buffers(token),
    )


WATCH = Watch(1, NullProgress(), CancelToken())


def test_what_came_is_hashed_from_memory_which_is_free_again_afterwards(
    unfinished: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(TrailingDigest, "_read_back")
    block = read_buffer(STEP // 4)
    first = unfinished.take()
    unfinished.bring(first, block, WATCH)
    pieces = [unfinished.take() for _ in range(7)]
    for piece in reversed(pieces):
        unfinished.bring(piece, block, WATCH)
    assert unfinished.finish()
    assert unfinished.path.read_bytes() == DATA
    assert unfinished._buffers.take(buffers.MOST) is not None


def test_without_memory_it_is_read_back(unfinished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.buffers.MOST", 0)
    block = read_buffer(STEP // 4)
    unfinished.bring(unfinished.take(), block, WATCH)
    for piece in reversed([unfinished.take() for _ in range(7)]):
        unfinished.bring(piece, block, WATCH)
    assert unfinished.finish()
    assert unfinished.path.read_bytes() == DATA


def test_a_piece_that_became_longer_than_its_memory_goes_without() -> None:
    piece, block = download.Piece(10, 30), read_buffer(8)
    piece.buffer = memoryview(bytearray(20))
    piece.at = 25
    piece.room(block)[:] = b"final"
    assert bytes(piece.buffer[15:]) == b"final" and piece.kept() == piece.buffer
    piece.begin(0, 100)
    assert piece.kept() is None and piece.room(block) == block


def test_a_download_does_not_run_away_from_its_digest(unfinished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, read = threading.Event(), TrailingDigest._read

    def slow(self: TrailingDigest, start: int, end: int) -> None:
        go_on.wait(20)
        read(self, start, end)

    monkeypatch.setattr(TrailingDigest, "_read", slow)
    brought: list[download.Piece] = []

    def bring(piece: download.Piece) -> None:
        unfinished.bring(piece, read_buffer(STEP), WATCH)
        brought.append(piece)

    def bring_all() -> None:
        first = unfinished.take()
        bring(first)
        second, third = unfinished.take(), unfinished.take()
        bring(third)
        bring(second)  # what follows it has to be read back, and so has all that comes while that takes
        while piece := unfinished.take():
            bring(piece)

    bringing = threading.Thread(target=bring_all)
    bringing.start()
    bringing.join(0.3)
    assert bringing.is_alive() and len(brought) < len(DATA) // STEP
    go_on.set()
    bringing.join(20)
    assert not bringing.is_alive() and unfinished.finish()
    assert unfinished.path.read_bytes() == DATA
