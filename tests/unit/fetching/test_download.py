from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

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


def test_a_download_does_not_run_away_from_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((download, "_LEAST_PIECE"), (download, "_NOTED"), (trailing, "_STEP")):
        monkeypatch.setattr(module, name, STEP)
    go_on, read = threading.Event(), TrailingDigest._read

    def slow(self: TrailingDigest, start: int, end: int) -> None:
        go_on.wait(20)
        read(self, start, end)

    monkeypatch.setattr(TrailingDigest, "_read", slow)
    token, progress, client = CancelToken(), NullProgress(), Client()
    item = Item("a.bin", len(DATA), hashlib.sha256(DATA).hexdigest(), "key", "http://127.0.0.1/a.bin")
    unfinished: Any = Download(
        item,
        tmp_path,
        client=client,  # type: ignore[arg-type]
        task=progress.task("", len(DATA), "bytes"),
        progress=progress,
        crew=Crew(token),
        meter=Meter(),
    )
    watch, brought = Watch(1, progress, token), []

    def bring(piece: download.Piece) -> None:
        unfinished.bring(piece, read_buffer(STEP), watch)
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
