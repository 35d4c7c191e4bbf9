"""How many connections a download uses.

Where one is slow, because the server is far away or gives each a share, more of them are faster; where the line, the
disk or the processor is the limit, more only get in each other's way. So there are few at first, and twice as many for
as long as that has made it faster and the processor has little to do.
"""

from __future__ import annotations

import threading
import time

FEWEST, MOST = 4, 32
LOOK_SECONDS = 0.5
"""From one look at the rate to the next."""
_FASTER = 1.3
"""Twice the connections were worth it where the rate is so many times the best before."""
_BUSY = 0.8
"""Cores: a process that takes so much time for what arrives would not be faster with more of it at once."""


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


class Growth:
    def __init__(self) -> None:
        self._best = 0.0

    def more(self, running: int, rate: float, busy: float) -> int:
        """Connections to begin beside those that are running, after such a rate and so many busy cores."""
        is_faster = rate > self._best * _FASTER
        self._best = max(rate, self._best)
        return min(running, MOST - running) if is_faster and busy < _BUSY else 0
