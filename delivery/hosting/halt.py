"""A token that stops one group of workers, by itself or with the caller's own token."""

from __future__ import annotations

import time

from delivery.errors import Cancelled
from delivery.progress import CancelToken

_POLL = 0.1


class Halt(CancelToken):
    """Cancelled when ``parent`` is, or alone when one worker has failed and the others should stop."""

    def __init__(self, parent: CancelToken) -> None:
        super().__init__()
        self._parent = parent

    @property
    def cancelled(self) -> bool:
        return self._parent.cancelled or super().cancelled

    def check(self) -> None:
        self._parent.check()
        if super().cancelled:
            raise Halted("stopped because another part of the upload failed")

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, _POLL))


class Halted(Cancelled):
    """Stopped by another worker's failure, which is the error that counts."""
