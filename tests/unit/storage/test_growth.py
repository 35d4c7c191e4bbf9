from __future__ import annotations

from delivery.storage.growth import FEWEST, MOST, Growth


def test_connections_are_doubled_for_as_long_as_that_makes_it_faster() -> None:
    growth, running = Growth(MOST), FEWEST
    seen = []
    for _ in range(6):
        running += growth.more(running, 20e6 * min(running, 20), 0.2)
        seen.append(running)
    assert seen == [8, 16, 32, 32, 32, 32]
    assert running == MOST


def test_a_line_that_a_few_fill_gets_no_more_than_the_first_try() -> None:
    growth, running = Growth(MOST), FEWEST
    for _ in range(6):
        running += growth.more(running, 12e6, 0.1)
    assert running == 2 * FEWEST


def test_a_busy_processor_gets_no_more() -> None:
    growth = Growth(MOST)
    assert [growth.more(FEWEST, rate, 1.5) for rate in (5e8, 9e8, 2e9)] == [0, 0, 0]


def test_a_server_that_is_silent_at_first_gets_no_more_until_it_speaks() -> None:
    growth = Growth(MOST)
    assert [growth.more(FEWEST, rate, 0.0) for rate in (0.0, 0.0, 1e6)] == [0, 0, FEWEST]
