from __future__ import annotations

import pytest

from delivery.errors import Cancelled
from delivery.progress import CancelToken, Grace, Halt, Halted


def test_what_is_tidied_up_has_a_while_after_a_cancel_and_all_the_time_after_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("delivery.progress.GRACE", 0.3)
    asked = CancelToken()
    halt = Halt(Halt(asked))
    grace = Grace(halt)
    halt.cancel()
    grace.wait(0.4)
    assert not grace.cancelled
    asked.cancel()
    grace.check()
    with pytest.raises(Cancelled) as stopped:
        grace.wait(10)
    assert not isinstance(stopped.value, Halted)
