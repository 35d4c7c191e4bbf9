from __future__ import annotations

import threading

from delivery.fetching.connections import FEWEST, MOST, Growth, Meter


def test_connections_are_doubled_for_as_long_as_that_makes_it_faster() -> None:
    growth, running = Growth(), FEWEST
    seen = []
    for _ in range(6):
        running += growth.more(running, 20e6 * min(running, 20), 0.2)
        seen.append(running)
    assert seen == [8, 16, 32, 32, 32, 32]
    assert running == MOST


def test_a_line_that_a_few_fill_gets_no_more_than_the_first_try() -> None:
    growth, running = Growth(), FEWEST
    for _ in range(6):
        running += growth.more(running, 12e6, 0.1)
    assert running == 2 * FEWEST


def test_a_busy_processor_gets_no_more() -> None:
    growth = Growth()
    assert [growth.more(FEWEST, rate, 1.5) for rate in (5e8, 9e8, 2e9)] == [0, 0, 0]


def test_a_server_that_is_silent_at_first_gets_no_more_until_it_speaks() -> None:
    growth = Growth()
    assert [growth.more(FEWEST, rate, 0.0) for rate in (0.0, 0.0, 1e6)] == [0, 0, FEWEST]


def test_a_meter_misses_no_byte_and_tells_of_each_once() -> None:
    meter = Meter()
    threads = [threading.Thread(target=lambda: [meter.add(3) for _ in range(10_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, busy = meter.look()
    assert first > 0
    assert busy > 0
    assert meter.look()[0] == 0
