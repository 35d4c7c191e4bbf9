"""A limit on bytes per second, shared by everything that is under way."""

from __future__ import annotations

import threading
import time

from delivery.intake.source import BLOCK
from delivery.progress import CancelToken

_SMALLEST = 4096
_STEPS_A_SECOND = 8


class Pace:
    """Asked before each block is sent; without a limit it costs nothing."""

    def __init__(self, bytes_per_second: int | None, cancel: CancelToken) -> None:
        self._rate = bytes_per_second
        self._cancel = cancel
        self._lock = threading.Lock()
        self._free_at = time.monotonic()

    @property
    def block(self) -> int:
        """Send blocks of this size, so that the limit holds within a fraction of a second."""
        if self._rate is None:
            return BLOCK
        return min(BLOCK, max(_SMALLEST, self._rate // _STEPS_A_SECOND))

    def wait(self, size: int) -> None:
        """Return when ``size`` more bytes may go. Raises Cancelled."""
        if self._rate is None:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + size / self._rate
        if start > now:
            self._cancel.wait(start - now)
