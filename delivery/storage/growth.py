"""Whether more connections would be faster.

Where one is slow, because the server is far away or gives each a share, more of them are faster; where the line, the
disk or the processor is the limit, more only get in each other's way. So there are few at first, and twice as many for
as long as that has made it faster and the processor has little to do.
"""

from __future__ import annotations

FEWEST, MOST = 4, 32
"""Connections where the user has not said how many."""
LOOK_SECONDS = 0.5
"""From one look at the rate to the next, at least."""
_FASTER = 1.3
"""Twice the connections were worth it where the rate is so many times the best before."""
_BUSY = 0.8
"""Cores: a process that takes so much time for what moves would not be faster with more of it at once."""


class Growth:
    def __init__(self, most: int) -> None:
        self._most = most
        self._best = 0.0
        self.has_helped = False
        """Whether the last rate that was told is worth the connections that it took."""

    def more(self, running: int, rate: float, busy: float) -> int:
        """Connections to begin beside those that are running, after such a rate and so many busy cores."""
        self.has_helped = rate > self._best * _FASTER
        self._best = max(rate, self._best)
        return min(running, self._most - running) if self.has_helped and busy < _BUSY else 0
