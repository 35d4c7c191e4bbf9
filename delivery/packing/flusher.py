"""Files flushed to the disk by a thread of their own while the next bytes are prepared: little is left to wait for."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from delivery.packing.trouble import writing

_STRIDE = 64 * 1024**2
_MANY = 16
"""From so many on, the whole system's unwritten data cost less than one wait for each file."""
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


def flush_files(paths: Collection[Path]) -> None:
    """Wait until what was written to the files is on the disk."""
    if not _flushed_at_once(paths):
        for path in paths:
            with writing(path), path.open("r+b") as stream:
                os.fsync(stream.fileno())


def flush_folders(folders: Collection[Path]) -> None:
    """So that renames in them outlive a power cut. Windows keeps no such promise and needs no such call."""
    if os.name == "nt" or _flushed_at_once(folders):
        return
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _flushed_at_once(paths: Collection[Path]) -> bool:
    if len(paths) < _MANY or not hasattr(os, "sync"):
        return False
    os.sync()
    return True
