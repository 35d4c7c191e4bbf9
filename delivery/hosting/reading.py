"""A source read into memory or for its digest, stopping when the upload does."""

from __future__ import annotations

from delivery.intake.source import BLOCK, Source, changed
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


def finish(source: Source) -> None:
    """Ask for what lies behind the last byte, which makes the source compare itself with what intake saw."""
    source.readinto(bytearray(1))


def digest_of(entry: FileEntry, halt: Halt) -> str:
    """The SHA-256 of a file, read for nothing else."""
    buffer = memoryview(bytearray(BLOCK))
    with Source(entry) as source:
        while source.readinto(buffer):
            halt.check()
        return source.sha256
