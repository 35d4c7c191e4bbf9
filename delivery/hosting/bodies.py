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


class _Paced:
    """Blocks that go at the pace of all and are told of as they go. Every try makes them anew."""

    def __init__(self, size: int, moved: Moved, pace: Pace, sha256: str | None) -> None:
        self.size = size
        self._moved = moved
        self._pace = pace
        self._sha256 = sha256
        self._told = 0

    def blocks(self) -> Iterator[memoryview]:
        self._moved(-self._told)
        self._told = 0
        for block in self._made(self._pace.block):
            self._pace.wait(len(block))
            yield block
            self._told += len(block)
            self._moved(len(block))

    def sha256(self) -> str | None:
        return self._sha256

    def _made(self, most: int) -> Iterator[memoryview]:
        """Blocks of at most so many bytes, each of which is good until the next."""
        raise NotImplementedError


class MemoryBody(_Paced):
    """Bytes that are in memory: a small file, or one part of a stream."""

    def __init__(self, data: memoryview, moved: Moved, pace: Pace, *, sha256: str | None = None) -> None:
        super().__init__(len(data), moved, pace, sha256)
        self._data = data

    def _made(self, most: int) -> Iterator[memoryview]:
        return (self._data[start : start + most] for start in range(0, self.size, most))


class SliceBody(_Paced):
    """``size`` bytes of a file from ``start`` on, read again for every try; memory holds one block of them.

    With the CRC-32 that they had when they were hashed, a moment ago, other bytes are never sent to their end; without
    it the file's size and time must do.
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
        super().__init__(size, moved, pace, sha256)
        self._entry = entry
        self._start = start
        self._crc32 = crc32

    def _made(self, most: int) -> Iterator[memoryview]:
        left, crc = self.size, 0
        for block in read_again(self._entry, self._start, self.size, most):
            left -= len(block)
            if self._crc32 is not None:
                crc = crc32(block, crc)
                if not left and crc != self._crc32:
                    raise changed(self._entry)
            yield block


def body_of(
    entry: FileEntry,
    start: int,
    size: int,
    buffer: memoryview | None,
    moved: Moved,
    pace: Pace,
    *,
    crc32: int | None,
    sha256: str | None,
) -> MemoryBody | SliceBody:
    """``size`` bytes of a file from ``start`` on: those that ``buffer`` begins with, or else from the file again."""
    if buffer is not None:
        return MemoryBody(buffer[:size], moved, pace, sha256=sha256)
    return SliceBody(entry, start, size, moved, pace, crc32=crc32, sha256=sha256)


class FileBody(_Paced):
    """A whole file, streamed in order and hashed as it goes."""

    def __init__(self, entry: FileEntry, moved: Moved, pace: Pace) -> None:
        super().__init__(entry.size, moved, pace, None)
        self._entry = entry
        self.digest = hashlib.sha256().hexdigest()
        """Lower-case hex of what the last try sent, once it has sent all."""

    def _made(self, most: int) -> Iterator[memoryview]:
        buffer = read_buffer(most)
        with Source(self._entry) as source:
            while count := source.readinto(buffer):
                yield buffer[:count]
            self.digest = source.sha256


class PiecesBody:
    """Bytes that are made anew for every try, and held only where they are few: a manifest may be 20 MB."""

    def __init__(self, pieces: Callable[[], Iterable[bytes]]) -> None:
        self._pieces = pieces
        self._held: list[memoryview] = []
        digest, self.size = hashlib.sha256(), 0
        for block in self._made():
            digest.update(block)
            self.size += len(block)
            if self.size <= _HELD:
                self._held.append(block)
            else:
                self._held.clear()
        self._sha256 = digest.hexdigest()

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
