"""Memory for what is under way, shared by all that one upload sends or one download brings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from delivery.memory import pages
from delivery.progress import CancelToken

MOST = 64 * 1024**2
"""Four parts of the usual size."""
_STEP = 1024**2
_POLL = 0.2


class Buffers:
    """Buffers of :data:`MOST` bytes together at most. Each is used again: memory costs most when it is new."""

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._changed = threading.Condition()
        self._free: list[memoryview] = []
        self._size = 0

    def take(self, size: int) -> memoryview | None:
        """A buffer of at least ``size`` bytes; None where others have the memory for it now."""
        with self._changed:
            fits = [place for place, buffer in enumerate(self._free) if len(buffer) >= size]
            if fits:
                return self._free.pop(min(fits, key=lambda place: len(self._free[place])))
            wanted = max(_STEP, -(-size // _STEP) * _STEP)
            while self._free and self._size + wanted > MOST:
                self._size -= len(self._free.pop())
            if self._size + wanted > MOST:
                return None
            self._size += wanted
            return pages(wanted)

    def wait(self, size: int) -> memoryview:
        """A buffer of at least ``size`` bytes, at most :data:`MOST`, as soon as there is one. Raises Cancelled."""
        while (buffer := self.take(size)) is None:
            self._cancel.check()
            with self._changed:
                self._changed.wait(_POLL)
        return buffer

    def give(self, buffer: memoryview) -> None:
        """What :meth:`take` gave, which nobody uses any more."""
        with self._changed:
            self._free.append(buffer)
            self._changed.notify_all()

    @contextmanager
    def taken(self, size: int) -> Iterator[memoryview | None]:
        """What :meth:`take` gives, for as long as the context lasts."""
        buffer = self.take(size)
        try:
            yield buffer
        finally:
            if buffer is not None:
                self.give(buffer)
