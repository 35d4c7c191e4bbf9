"""What keeps all workers of one run back when the store asks one of them to slow down."""

from __future__ import annotations

import time

from delivery.progress import CancelToken


class Brake:
    """Shared by everything that has the same Watch; until it is pressed it costs nothing."""

    def __init__(self) -> None:
        self._until = 0.0

    def press(self, seconds: float) -> None:
        """No request is begun for ``seconds``."""
        self._until = max(self._until, time.monotonic() + seconds)

    def wait(self, cancel: CancelToken) -> None:
        """Return when requests may be begun. Raises Cancelled."""
        while (left := self._until - time.monotonic()) > 0:
            cancel.wait(left)
