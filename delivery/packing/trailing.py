"""The digest of a file that is still being written, kept close behind the writer by a thread of its own."""

from __future__ import annotations

import errno
import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from delivery.packing.crew import Crew
from delivery.packing.trouble import writing

_BLOCK = 512 * 1024
_STEP = 8 * 1024**2


class TrailingDigest:
    """Reads back what was written and will not change any more; it lies in the system's cache still.

    A zip cannot be hashed as it is written: the checksum of a large member stands before the member.
    """

    def __init__(self, path: Path, crew: Crew) -> None:
        self._crew = crew
        self._path = path
        self._digest = hashlib.sha256()
        self._stream = path.open("rb", buffering=0)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._running: list[Future[None]] = []
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def is_due(self, end: int) -> bool:
        """Whether so much more is final that it is worth a call of :meth:`follow`."""
        return end - self._end >= _STEP

    def follow(self, end: int) -> None:
        """Everything before ``end`` is final and has been handed to the system."""
        self._running.append(self._thread.submit(self._read, end - self._end))
        self._end = end

    def hexdigest(self) -> str:
        """Waits for the thread to catch up."""
        for future in self._running:
            future.result()
        return self._digest.hexdigest()

    def _read(self, count: int) -> None:
        buffer = memoryview(bytearray(min(_BLOCK, max(count, 1))))
        with writing(self._path):
            while count:
                self._crew.check()
                length = self._stream.readinto(buffer[: min(count, _BLOCK)])
                if not length:
                    raise OSError(errno.EIO, "it is shorter than what was written", str(self._path))
                self._digest.update(buffer[:length])
                count -= length

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)
        self._stream.close()
