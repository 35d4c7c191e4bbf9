"""Files downloaded by some threads, each over a connection that stays open: large ones in pieces, small ones whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

from delivery.buffers import Buffers
from delivery.fetching.client import Client
from delivery.fetching.download import Download, Item
from delivery.fetching.meter import Meter
from delivery.fetching.piece import Piece
from delivery.memory import read_buffer
from delivery.packing.crew import Crew
from delivery.progress import Halt, one_failure_stops_all
from delivery.storage.growth import FEWEST, LOOK_SECONDS, MOST, Growth
from delivery.storage.watch import Watch

_BLOCK = 1024**2
_POLL = 0.2

Settle = Callable[[Download], None]
"""What is done with a file once it is whole: it is put in place, or unpacked."""


class Transfer:
    def __init__(
        self, items: Sequence[tuple[Item, Settle]], folder: Path, *, client: Client, watch: Watch, halt: Halt
    ) -> None:
        self._items = items
        self._folder = folder
        self._client = client
        self._watch = watch
        self._halt = halt
        self._crew = Crew(halt)
        self._changed = threading.Condition()
        self._active: list[tuple[Download, Settle]] = []
        self._beginning = 0
        self._meter = Meter()
        self._buffers = Buffers(halt)
        self._slots: list[Future[None]] = []

    def run(self) -> None:
        """Download all. The first failure stops the other threads and is raised; what has come is kept."""
        total = sum(item.size for item, _ in self._items)
        with self._watch.progress.task("downloading", total, "bytes") as task:
            self._waiting, self._task = iter(self._items), task
            with ThreadPoolExecutor(MOST, thread_name_prefix="delivery-fetch") as pool:
                try:
                    with one_failure_stops_all(self._halt, self._slots):
                        self._drive(pool)
                finally:
                    for download, _ in self._active:
                        download.release()

    def _drive(self, pool: ThreadPoolExecutor) -> None:
        """Start the threads, more of them while that helps, and wait for all; a failure is raised."""
        growth, more = Growth(MOST), FEWEST
        while True:
            self._slots += [pool.submit(self._work) for _ in range(more)]
            done, left = wait(self._slots, LOOK_SECONDS, FIRST_EXCEPTION)
            for slot in done:
                slot.result()
            if not left:
                return
            more = growth.more(len(self._slots), *self._meter.look())

    def _work(self) -> None:
        buffer = read_buffer(_BLOCK)
        own: Download | None = None
        try:
            while (found := self._next(own)) is not None:
                download, settle, piece = found
                own = download
                whole = download.bring(piece, buffer, self._watch) and download.finish()
                if whole:
                    settle(download)
                    own = None
                with self._changed:
                    if whole:
                        self._active.remove((download, settle))
                    self._changed.notify_all()
        except BaseException:
            self._halt.cancel()
            raise

    def _next(self, own: Download | None) -> tuple[Download, Settle, Piece] | None:
        """A thread goes on with its ``own`` file, whose pieces are then hashed as they come; then it begins another.

        Only where none is left to begin do several threads bring one file.
        """
        while True:
            with self._changed:
                self._halt.check()
                if own is not None and (found := self._piece(own)) is not None:
                    return found
                if (item := next(self._waiting, None)) is not None:
                    self._beginning += 1
                elif (found := self._piece()) is not None:
                    return found
                elif not self._active and not self._beginning:
                    return None
                else:
                    self._changed.wait(_POLL)
            if item is not None:
                own = self._begin(*item)

    def _piece(self, own: Download | None = None) -> tuple[Download, Settle, Piece] | None:
        """A piece of ``own``, or of any file."""
        for download, settle in self._active:
            if own in (None, download) and (piece := download.take()) is not None:
                return download, settle, piece
        return None

    def _begin(self, item: Item, settle: Settle) -> Download:
        """Without the lock: asking for room on the disk takes time."""
        download = Download(
            item,
            self._folder,
            client=self._client,
            task=self._task,
            progress=self._watch.progress,
            crew=self._crew,
            meter=self._meter,
            buffers=self._buffers,
        )
        with self._changed:
            self._beginning -= 1
            self._active.append((download, settle))
            self._changed.notify_all()
        return download
