"""Files flushed to the disk by a thread of their own while the next bytes are prepared: little is left to wait for."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from delivery.packing.trouble import writing

_STRIDE = 64 * 1024**2
_flush_data = getattr(os, "fdatasync", os.fsync)


class Flusher:
    """A context manager that owns the files given to :meth:`close`; it ends when all of them are on the disk.

    A stream that is not given to it must stay open until then. Errors of the disk are raised as LocalError, at the
    next call or at the end.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="flush")
        self._running: list[Future[None]] = []
        self._written = 0

    def __enter__(self) -> Self:
        return self

    def wrote(self, stream: BinaryIO | FileIO, count: int) -> None:
        """Called after ``count`` more bytes were written; now and then they are sent on their way to the disk."""
        self._written += count
        if self._written >= _STRIDE:
            self._written = 0
            self._running.append(self._thread.submit(self._flush, stream))
            self._collect()

    def close(self, stream: BinaryIO | FileIO, path: Path) -> None:
        """Flush and close ``stream``, in the background."""
        self._running.append(self._thread.submit(_close, stream, path))
        self._collect()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()
        if error is None:
            for future in self._running:
                future.result()

    def _flush(self, stream: BinaryIO | FileIO) -> None:
        with writing(self._place):
            _flush_data(stream.fileno())

    def _collect(self) -> None:
        """Forget what is done, and raise what failed."""
        while self._running and self._running[0].done():
            self._running.pop(0).result()


def _close(stream: BinaryIO | FileIO, path: Path) -> None:
    with writing(path), stream:
        os.fsync(stream.fileno())
