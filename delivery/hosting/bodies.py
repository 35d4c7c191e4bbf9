"""What is sent, as bodies that a store can ask for again when a request is retried."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

from delivery.crc import crc32
from delivery.hosting.pace import Pace
from delivery.intake.source import Source, changed, read_again
from delivery.memory import read_buffer
from delivery.model import FileEntry

_GATHERED = 256 * 1024
_HELD = 4 * 1024**2
Moved = Callable[[int], None]
"""Told of bytes as they go; of a negative count when a retry takes them back."""


class MemoryBody:
    """Bytes that are in memory: a small file, or one part of a stream."""

    def __init__(self, data: memoryview, moved: Moved, pace: Pace, *, sha256: str | None = None) -> None:
        self._data = data
        self._moved = moved
        self._pace = pace
        self._sha256 = sha256
        self._told = 0

    @property
    def size(self) -> int:
        return len(self._data)

    def blocks(self) -> Iterator[memoryview]:
        self._moved(-self._told)
        self._told = 0
        step = self._pace.block
        for start in range(0, len(self._data), step):
            block = self._data[start : start + step]
            self._pace.wait(len(block))
            yield block
            self._told += len(block)
            self._moved(len(block))

    def sha256(self) -> str | None:
        return self._sha256


class SliceBody:
    """``size`` bytes of a file from ``start`` on, read again for every try; memory holds one block of them.

    With the CRC-32 that they had when they were hashed, a moment ago, other bytes are never sent to their end; without
    it the file's size, time and identity must do.
    """

    def __init__(
        self,
        entry: FileEntry,
        start: int,
        size: int,
        moved: Moved,
        pace: Pace,
        *,
        crc32: int | None = None,
        sha256: str | None = None,
    ) -> None:
        self._entry = entry
        self._start = start
        self._size = size
        self._crc32 = crc32
        self._moved = moved
        self._pace = pace
        self._sha256 = sha256
        self._told = 0

    @property
    def size(self) -> int:
        return self._size

    def blocks(self) -> Iterator[memoryview]:
        self._moved(-self._told)
        self._told, crc = 0, 0
        for block in read_again(self._entry, self._start, self._size, self._pace.block):
            if self._crc32 is not None:
                crc = crc32(block, crc)
                if self._told + len(block) == self._size and crc != self._crc32:
                    raise changed(self._entry)
            self._pace.wait(len(block))
            yield block
            self._told += len(block)
            self._moved(len(block))

    def sha256(self) -> str | None:
        return self._sha256


class FileBody:
    """A whole file, streamed in order and hashed as it goes. Every try reads and hashes it anew."""

    def __init__(self, entry: FileEntry, moved: Moved, pace: Pace) -> None:
        self._entry = entry
        self._moved = moved
        self._pace = pace
        self._told = 0
        self.digest = hashlib.sha256().hexdigest()
        """Lower-case hex of what the last try sent, once it has sent all."""

    @property
    def size(self) -> int:
        return self._entry.size

    def blocks(self) -> Iterator[memoryview]:
        self._moved(-self._told)
        self._told = 0
        buffer = read_buffer(self._pace.block)
        with Source(self._entry) as source:
            while count := source.readinto(buffer):
                self._pace.wait(count)
                yield buffer[:count]
                self._told += count
                self._moved(count)
            self.digest = source.sha256

    def sha256(self) -> str | None:
        return None


class PiecesBody:
    """Bytes that are made anew for every try, and held only where they are few: a manifest may be 20 MB."""

    def __init__(self, pieces: Callable[[], Iterable[bytes]]) -> None:
        self._pieces = pieces
        self._held: list[memoryview] = []
        digest, self._size = hashlib.sha256(), 0
        for block in self._made():
            digest.update(block)
            self._size += len(block)
            if self._size <= _HELD:
                self._held.append(block)
            else:
                self._held.clear()
        self._sha256 = digest.hexdigest()

    @property
    def size(self) -> int:
        return self._size

    def blocks(self) -> Iterator[memoryview]:
        return iter(self._held) if self._held else self._made()

    def _made(self) -> Iterator[memoryview]:
        block = bytearray()
        for piece in self._pieces():
            block += piece
            if len(block) >= _GATHERED:
                yield memoryview(block)
                block = bytearray()
        yield memoryview(block)

    def sha256(self) -> str:
        return self._sha256
