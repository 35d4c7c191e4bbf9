from __future__ import annotations

import threading

from delivery.fetching.meter import Meter


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
