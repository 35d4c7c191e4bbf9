"""The digest of a file whose pieces arrive in any order: taken from memory as long as they follow one another."""

from __future__ import annotations

import errno
import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from delivery.packing.crew import Crew
from delivery.packing.trouble import writing

_BLOCK = 512 * 1024
_STEP = 8 * 1024**2
"""What came out of its turn is read back in stretches of at least so many bytes, from the system's cache still."""


class FrontDigest:
    """Safe to use from the threads that bring the pieces."""

    def __init__(self, path: Path, crew: Crew) -> None:
        self._path = path
        self._crew = crew
        self._digest = hashlib.sha256()
        self._at = 0
        self._lock = threading.Lock()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._reading: Future[None] | None = None

    def take(self, data: memoryview, at: int) -> None:
        """These bytes are at ``at``: they are hashed now where it is their turn, and otherwise later, from the file."""
        with self._lock:
            if self._busy or at != self._at:
                return
            self._busy = True
        self._digest.update(data)
        self._at += len(data)
        self._busy = False

    def follow(self, end: int) -> None:
        """Everything before ``end`` is in the file."""
        with self._lock:
            if self._busy or end - self._at < _STEP:
                return
            self._busy = True
            self._reading = self._thread.submit(self._read, end)

    def finish(self, size: int) -> str:
        """The digest of the whole file, all of whose ``size`` bytes are in it. Raises what reading it raised."""
        if self._reading is not None:
            self._reading.result()
        if self._at < size:
            self._read(size)
        return self._digest.hexdigest()

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _read(self, end: int) -> None:
        buffer = memoryview(bytearray(min(_BLOCK, end - self._at)))
        with writing(self._path), self._path.open("rb", buffering=0) as stream:
            stream.seek(self._at)
            while self._at < end:
                self._crew.check()
                count = stream.readinto(buffer[: end - self._at])
                if not count:
                    raise OSError(errno.EIO, "it is shorter than what was written", str(self._path))
                self._digest.update(buffer[:count])
                self._at += count
        self._busy = False
