"""A source read into memory or for its digest, stopping when the upload does."""

from __future__ import annotations

from typing import Protocol

from delivery.intake.source import BLOCK, Source, changed
from delivery.memory import read_buffer
from delivery.model import FileEntry
from delivery.progress import Halt


def fill(source: Source, view: memoryview, halt: Halt) -> None:
    """All of ``view`` from ``source``. Raises SourceChangedError when it ends before."""
    filled = 0
    while filled < len(view):
        halt.check()
        count = source.readinto(view[filled : filled + BLOCK])
        if not count:
            raise changed(source.entry)
        filled += count


class Hash(Protocol):
    def update(self, data: memoryview, /) -> None: ...


def hash_on(source: Source, size: int, buffer: memoryview, halt: Halt, *hashes: Hash) -> None:
    """Read ``size`` bytes, block by block, for the digest of ``source`` and for ``hashes``.

    Raises SourceChangedError when it ends before.
    """
    while size:
        halt.check()
        count = source.readinto(buffer[:size])
        if not count:
            raise changed(source.entry)
        for each in hashes:
            each.update(buffer[:count])
        size -= count


def finish(source: Source) -> None:
    """Ask for what lies behind the last byte, which makes the source compare itself with what intake saw."""
    source.readinto(bytearray(1))


def digest_of(entry: FileEntry, halt: Halt) -> str:
    """The SHA-256 of a file, read for nothing else."""
    buffer = read_buffer(BLOCK)
    with Source(entry) as source:
        while source.readinto(buffer):
            halt.check()
        return source.sha256
