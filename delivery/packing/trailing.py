"""The digest of a file that is still being written: kept close behind the writers by a thread, or taken from memory."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from delivery.memory import read_buffer
from delivery.packing.crew import Crew
from delivery.packing.trouble import writing

_BLOCK = 512 * 1024
_STEP = 8 * 1024**2
_BEHIND = 2
"""So many stretches may wait to be hashed: what is further behind is work that a single core has left at the end."""
Back = Callable[[], None]


class TrailingDigest:
    """Reads back what was written and will not change any more; it lies in the system's cache still.

    A zip cannot be hashed as it is written: the checksum of a large member stands before the member. Nor can a file
    that comes in pieces, but for those that come in their turn. Safe to use from several threads.
    """

    def __init__(self, path: Path, crew: Crew) -> None:
        self._crew = crew
        self._path = path
        self._digest = hashlib.sha256()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._running: list[Future[None]] = []
        self._end = 0
        self._lent: dict[int, tuple[memoryview, Back]] = {}

    def __enter__(self) -> Self:
        return self

    def take(self, data: memoryview, at: int) -> None:
        """These final bytes are at ``at``: they are hashed now where it is their turn, else left to :meth:`follow`."""
        if not self.turn_of(at):  # asked without the lock first: nobody waits for another's turn to be hashed
            return
        with self._lock:
            if at == self._end and (not self._running or self._running[-1].done()):
                self._digest.update(data)
                self._end += len(data)

    def turn_of(self, at: int) -> bool:
        """Whether all before ``at`` has been hashed or is about to be."""
        return at == self._end

    def lend(self, data: memoryview, at: int, back: Back) -> None:
        """These final bytes are at ``at`` and stay in memory until ``back`` is called: they need not be read back."""
        with self._lock:
            if at >= self._end:
                self._lent[at] = data, back
                return
        back()

    def is_due(self, end: int) -> bool:
        """Whether so much more is final that it is worth a call of :meth:`follow`."""
        return end - self._end >= _STEP

    def follow(self, end: int) -> None:
        """Everything before ``end`` is final and has been handed to the system."""
        with self._lock:
            if end > self._end:
                self._running.append(self._thread.submit(self._read, self._end, end))
                self._end = end

    def catch_up(self) -> None:
        """Wait until the thread is close behind what it was told to follow, and raise what it met."""
        with self._lock:
            late = self._running[-_BEHIND - 1 : -_BEHIND]
        for future in late:
            future.result()

    def hexdigest(self) -> str:
        """Waits for the thread to catch up, and raises what it met."""
        for future in self._running:
            future.result()
        return self._digest.hexdigest()

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
        while self._lent:
            _, (_, back) = self._lent.popitem()
            back()

    def _read(self, start: int, end: int) -> None:
        """All between: from memory what was lent, else from the file."""
        while start < end:
            with self._lock:
                lent = self._lent.pop(start, None)
                stop = min((at for at in self._lent if start < at < end), default=end)
            if lent is None:
                self._read_back(start, stop)
                start = stop
                continue
            data, back = lent
            due, later = data[: end - start], data[end - start :]
            self._crew.check()
            self._digest.update(due)
            start += len(due)
            if not later:
                back()
                continue
            with self._lock:
                self._lent[start] = later, back

    def _read_back(self, start: int, end: int) -> None:
        buffer = read_buffer(min(_BLOCK, end - start))
        with writing(self._path), self._path.open("rb", buffering=0) as stream:
            stream.seek(start)
            while start < end:
                self._crew.check()
                count = stream.readinto(buffer[: end - start])
                if not count:
                    raise OSError(errno.EIO, "it is shorter than what was written", str(self._path))
                self._digest.update(buffer[:count])
                start += count

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
