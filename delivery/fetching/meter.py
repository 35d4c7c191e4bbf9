"""How fast a download is, and for how much of the processor."""

from __future__ import annotations

import threading
import time


class Meter:
    """Bytes that arrived, told by several threads, and the processor time that passed with them."""

    def __init__(self) -> None:
        self._received = 0
        self._lock = threading.Lock()
        self._looked_at = (0, time.process_time(), time.monotonic())

    def add(self, count: int) -> None:
        with self._lock:
            self._received += count

    def look(self) -> tuple[float, float]:
        """Bytes a second, and cores that this process was busy with, since the last look."""
        received, busy, at = self._looked_at
        now = self._looked_at = (self._received, time.process_time(), time.monotonic())
        seconds = max(now[2] - at, 0.001)
        return (now[0] - received) / seconds, (now[1] - busy) / seconds
