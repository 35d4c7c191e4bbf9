"""How long a run may go on as the one that has a standing delivery: for as long as it has proven that lately."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from delivery.errors import DeliveryError
from delivery.progress import CancelToken, Halt


def clocks() -> tuple[float, float]:
    """One that stands still while the machine sleeps, and one that may be set back."""
    return time.monotonic(), time.time()


class Hold(Halt):
    """Cancelled when ``parent`` is, or when the delivery is another run's.

    A run that was stopped goes on in the middle of what it did. Therefore whoever asks after a gap of ``trusted``
    seconds has ``prove`` called first, which raises where the delivery cannot be shown to be ours.
    """

    def __init__(self, parent: CancelToken, prove: Callable[[], None], *, trusted: float) -> None:
        super().__init__(parent)
        self.lost: DeliveryError | None = None
        self._prove = prove
        self._trusted = trusted
        self._proven_at = clocks()
        self._one_proves = threading.Lock()

    @property
    def cancelled(self) -> bool:
        self._prove_after_a_gap()
        return super().cancelled

    def check(self) -> None:
        self._prove_after_a_gap()
        super().check()

    def proven(self, asked_at: tuple[float, float]) -> None:
        """The store said so when it was asked at ``asked_at``."""
        self._proven_at = asked_at

    def lose(self, error: DeliveryError) -> None:
        self.lost = self.lost or error
        self.cancel()

    def _prove_after_a_gap(self) -> None:
        if self.lost is not None or not self._gap():
            return
        with self._one_proves:
            if self.lost is not None or not self._gap():
                return
            try:
                self._prove()
            except DeliveryError as error:
                self.lose(error)

    def _gap(self) -> bool:
        return any(now - then >= self._trusted for now, then in zip(clocks(), self._proven_at, strict=True))
