"""How long to wait before the next try: full jitter over a doubling ceiling, longer when the store asks for less."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from delivery.errors import DeliveryError
from delivery.storage.faults import Fault
from delivery.storage.watch import Watch

_Result = TypeVar("_Result")
_FIRST = 0.25
_FIRST_SLOW = 1.0
_LONGEST = 20.0


class Failed(Exception):
    """One try failed: the fault decides whether there is another, the error is what a person sees at the end."""

    def __init__(self, fault: Fault, error: DeliveryError, *, after: float | None = None) -> None:
        super().__init__(str(error))
        self.fault = fault
        self.error = error
        self.after = after
        """Seconds that the store asked to wait (Retry-After)."""


def pause(tries: int, fault: Fault, after: float | None, *, chance: float) -> float:
    """Seconds to wait after ``tries`` failures; ``chance`` is a random number from 0 up to 1."""
    ceiling = min(_LONGEST, (_FIRST_SLOW if fault.slow else _FIRST) * 2.0 ** (tries - 1))
    asked = min(after or 0.0, _LONGEST)
    return max(asked, ceiling * (0.5 + chance / 2 if fault.slow else chance))


def persist(attempt: Callable[[], _Result], watch: Watch) -> _Result:
    """Run ``attempt`` until it succeeds, fails for good or the budget of tries is spent; the last error is raised."""
    tries = 0
    while True:
        watch.cancel.check()
        watch.brake.wait(watch.cancel)
        try:
            return attempt()
        except Failed as failed:
            tries += 1
            if not failed.fault.passing or tries >= watch.attempts:
                raise failed.error from failed.__cause__
            seconds = pause(tries, failed.fault, failed.after, chance=random.random())  # noqa: S311 (jitter, not a secret)
            if failed.fault.slow:
                watch.brake.press(seconds)
            watch.progress.note(f"{failed.error}; try {tries + 1} of {watch.attempts} in {seconds:.1f} s")
        watch.cancel.wait(seconds)
