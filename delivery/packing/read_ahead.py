"""A file read and hashed by one thread while another uses what was read: both cores work on a single large file."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from types import TracebackType
from typing import Self

from delivery.intake.source import Source, changed
from delivery.model import FileEntry
from delivery.packing.crew import Crew
from delivery.packing.direct import BLOCK
from delivery.progress import Task

_DEPTH = 6
_ALONE = 2 * BLOCK
"""A file up to this size is read by the thread that uses it: a second one would cost more than it saves."""


class ReadAhead:
    """The blocks of one entry, in order. A block is valid until the next but one is asked for.

    No block crosses one of ``bounds`` (offsets, ascending). :attr:`sha256_at` gives the digest of all bytes before a
    bound that has been passed, :attr:`sha256` that of the whole file once the blocks have ended. Raises as Source does.
    """

    def __init__(self, entry: FileEntry, crew: Crew, task: Task, bounds: Sequence[int] = ()) -> None:
        self._entry = entry
        self._crew = crew
        self._task = task
        self._bounds = bounds
        self.sha256 = ""
        self.sha256_at: dict[int, str] = {}
        self._free: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[tuple[memoryview, int] | BaseException | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._held = ExitStack()

    def __enter__(self) -> Self:
        self._lent = self._held.enter_context(self._crew.buffers.lent(_DEPTH if self._entry.size > _ALONE else 2))
        if self._entry.size > _ALONE:
            for block in self._lent:
                self._free.put(block)
            self._thread = threading.Thread(target=self._produce, name="read-ahead", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._free.put(None)
            self._thread.join()
        self._held.close()

    def __iter__(self) -> Iterator[memoryview]:
        if self._thread is None:
            turns = cycle(self._lent)
            for block, count in self._blocks(lambda: next(turns)):
                yield block[:count]
            return
        before: memoryview | None = None
        while (item := self._full.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            block, count = item
            yield block[:count]
            if before is not None:
                self._free.put(before)
            before = block

    def expect_end(self, blocks: Iterator[memoryview]) -> None:
        """Ask for the end of the file, which a reader that counts bytes does not see: only then is the digest sound."""
        for _ in blocks:
            raise changed(self._entry)

    def _produce(self) -> None:
        try:
            for item in self._blocks(self._free.get):
                self._full.put(item)
            self._full.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that uses the blocks
            self._full.put(error)

    def _blocks(self, buffers: Callable[[], memoryview | None]) -> Iterator[tuple[memoryview, int]]:
        """Fill the buffers that are handed over, until the file or the buffers end."""
        bounds = iter((*self._bounds, sys.maxsize))
        bound = next(bounds)
        with Source(self._entry) as source:
            while (buffer := buffers()) is not None:
                self._crew.check()
                count = source.readinto(buffer[: bound - source.position])
                if not count:
                    self.sha256 = source.sha256
                    return
                self._task.advance(count)
                if source.position == bound:
                    self.sha256_at[bound] = source.sha256
                    bound = next(bounds)
                yield buffer, count
