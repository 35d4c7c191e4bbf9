"""A bound on the bytes that are held in memory at once, shared by the workers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from delivery.progress import CancelToken

_POLL = 0.2


class Room:
    """Room for ``size`` bytes. Whoever needs more than all of it gets it alone."""

    def __init__(self, size: int, cancel: CancelToken) -> None:
        self._size = size
        self._free = size
        self._changed = threading.Condition()
        self._cancel = cancel

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Hold room for ``size`` bytes, waiting for it. Raises Cancelled."""
        wanted = min(size, self._size)
        with self._changed:
            while self._free < wanted:
                self._cancel.check()
                self._changed.wait(_POLL)
            self._free -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()
