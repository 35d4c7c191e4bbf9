"""A source read into memory, stopping when the upload does."""

from __future__ import annotations

from typing import Protocol

from delivery.intake.source import BLOCK, Source, changed
from delivery.progress import Halt


class Hash(Protocol):
    def update(self, data: memoryview, /) -> None: ...


def hash_on(source: Source, size: int, buffer: memoryview, halt: Halt, *hashes: Hash) -> None:
    """Read ``size`` bytes, block by block, for the digest of ``source`` and for ``hashes``.

    They all are in ``buffer`` afterwards, if it has room for them. Raises SourceChangedError when the source ends
    before.
    """
    done, keeps = 0, len(buffer) >= size
    while done < size:
        halt.check()
        place = done if keeps else 0
        view = buffer[place : place + min(BLOCK, size - done)]
        count = source.readinto(view)
        if not count:
            raise changed(source.entry)
        for each in hashes:
            each.update(view[:count])
        done += count


def finish(source: Source) -> None:
    """Ask for what lies behind the last byte, which makes the source compare itself with what intake saw."""
    source.readinto(bytearray(1))
