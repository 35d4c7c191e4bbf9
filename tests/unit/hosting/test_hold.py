"""A run holds a standing delivery for as long as it has shown lately that it is still its own."""

from __future__ import annotations

import pytest

from delivery.errors import StoreUnreachableError
from delivery.hosting import hold
from delivery.hosting.hold import Hold
from delivery.progress import CancelToken, Halt, Halted


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0, 5000.0]
    monkeypatch.setattr(hold, "clocks", lambda: (now[0], now[1]))
    return now


@pytest.mark.parametrize("clock", [0, 1])
@pytest.mark.parametrize("seconds", [240.0, 100_000.0])
def test_after_a_gap_by_either_clock_it_is_proven_before_anything_goes_on(
    clocks: list[float], clock: int, seconds: float
) -> None:
    asked: list[float] = []

    def prove() -> None:
        asked.append(clocks[clock])
        held.proven(hold.clocks())

    held = Hold(CancelToken(), prove, trusted=240)
    clocks[clock] += 239
    held.check()
    assert not asked
    clocks[clock] += seconds - 239
    Halt(held).check()
    held.check()
    assert asked == [clocks[clock]]
    assert held.lost is None and not held.cancelled


def test_what_cannot_be_proven_is_lost_for_good(clocks: list[float]) -> None:
    why, asked = StoreUnreachableError("it is theirs"), []

    def prove() -> None:
        asked.append(1)
        raise why

    held = Hold(CancelToken(), prove, trusted=240)
    clocks[0] += 240
    for _ in range(2):
        with pytest.raises(Halted):
            Halt(held).check()
    assert held.cancelled
    assert (held.lost, asked) == (why, [1])


def test_the_first_reason_counts() -> None:
    held = Hold(CancelToken(), lambda: None, trusted=240)
    first = StoreUnreachableError("first")
    held.lose(first)
    held.lose(StoreUnreachableError("second"))
    assert held.lost is first


def test_who_cancels_is_heard_too() -> None:
    cancel = CancelToken()
    held = Hold(cancel, lambda: None, trusted=240)
    cancel.cancel()
    assert held.cancelled and held.lost is None


def test_a_clock_that_is_set_back_proves_nothing_wrong(clocks: list[float]) -> None:
    held = Hold(CancelToken(), lambda: pytest.fail("there was no gap"), trusted=240)
    clocks[1] -= 100_000
    held.check()
