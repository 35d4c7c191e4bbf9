"""What is sent, as bodies that a store can ask for again when a request is retried."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from delivery.intake.source import BLOCK, Source
from delivery.model import FileEntry

Moved = Callable[[int], None]
"""Told of bytes as they go; of a negative count when a retry takes them back."""


class MemoryBody:
    """Bytes that are in memory: a small file, or one part of a large one."""

    def __init__(self, data: memoryview, moved: Moved, *, sha256: str | None = None, block: int = BLOCK) -> None:
        self._data = data
        self._moved = moved
        self._sha256 = sha256
        self._block = block
        self._told = 0

    @property
    def size(self) -> int:
        return len(self._data)

    def blocks(self) -> Iterator[memoryview]:
        self._moved(-self._told)
        self._told = 0
        for start in range(0, len(self._data), self._block):
            block = self._data[start : start + self._block]
            yield block
            self._told += len(block)
            self._moved(len(block))

    def sha256(self) -> str | None:
        return self._sha256


class FileBody:
    """A whole file, streamed in order and hashed as it goes. Every try reads and hashes it anew."""

    def __init__(self, entry: FileEntry, moved: Moved) -> None:
        self._entry = entry
        self._moved = moved
        self._told = 0
        self.digest = hashlib.sha256().hexdigest()
        """Lower-case hex of what the last try sent, once it has sent all."""

    @property
    def size(self) -> int:
        return self._entry.size

    def blocks(self) -> Iterator[memoryview]:
        self._moved(-self._told)
        self._told = 0
        buffer = memoryview(bytearray(BLOCK))
        with Source(self._entry) as source:
            while count := source.readinto(buffer):
                yield buffer[:count]
                self._told += count
                self._moved(count)
            self.digest = source.sha256

    def sha256(self) -> str | None:
        return None
