"""A token that stops one group of workers, by itself or with the caller's own token."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

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


def first_failure(slots: Sequence[Future[Any]]) -> BaseException | None:
    """What really failed, once all have stopped; None when they only stopped for another."""
    errors = (None if slot.cancel() or slot.cancelled() else slot.exception() for slot in slots)
    return next((error for error in errors if error is not None and not isinstance(error, Halted)), None)
