"""A stretch of a file, brought over one connection at a time, and the memory in which it stays until it is hashed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Piece:
    """What is missing of it lies between ``at`` and ``end``."""

    at: int
    end: int
    start: int = field(init=False)
    buffer: memoryview | None = None
    """Memory for all of it, from ``start`` on."""

    def __post_init__(self) -> None:
        self.begin(self.at, self.end)

    def begin(self, at: int, end: int) -> None:
        self.start, self.at, self.end = at, at, end

    def kept(self) -> memoryview | None:
        """What has come and what is missing, if the buffer has room for it."""
        size = self.end - self.start
        return self.buffer[:size] if self.buffer is not None and len(self.buffer) >= size else None

    def room(self, block: memoryview) -> memoryview:
        """Where to put the next bytes: their own place, or ``block``."""
        kept = self.kept()
        view = block if kept is None else kept[self.at - self.start :]
        return view[: min(len(block), self.end - self.at)]
