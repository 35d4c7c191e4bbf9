"""Work on all cores: each job in its turn, one stop for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from delivery.errors import Cancelled, LocalError
from delivery.packing.crew import Crew
from delivery.progress import CancelToken


def test_no_job_is_made_before_a_worker_is_free_for_it() -> None:
    begun = done = most = 0

    def job() -> None:
        nonlocal done
        done += 1

    def jobs() -> Iterator[Callable[[], None]]:
        nonlocal begun, most
        for _ in range(1_000):
            most = max(most, begun - done)
            begun += 1
            yield job

    Crew(CancelToken()).run(jobs(), 1)
    assert (done, most) == (1_000, 0)
    Crew(CancelToken()).run(jobs(), 4)
    assert done == 2_000
    assert most < 4


def test_the_first_failure_ends_all_and_is_what_is_raised() -> None:
    taken = 0

    def jobs() -> Iterator[Callable[[], None]]:
        nonlocal taken
        for _ in range(1_000):
            taken += 1
            yield fail

    def fail() -> None:
        raise LocalError("broken")

    crew = Crew(CancelToken())
    with pytest.raises(LocalError, match="broken"):
        crew.run(jobs(), 2)
    assert taken <= 2
    with pytest.raises(Cancelled):
        crew.check()
