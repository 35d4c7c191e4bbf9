"""No archive makes the look inside long, large or wrong."""

from __future__ import annotations

import tracemalloc

import pytest
from support import hostile_archives as hostile

from delivery.intake.look import look
from delivery.intake.observation import Seen
from delivery.intake.observe import observe
from delivery.intake.readers.view import View

TOLD = {
    "forty-two": {Seen.UNSEEN},
    "overlapping": {Seen.HOSTILE},
    "zip64 huge sizes": {Seen.DAMAGED},
    "zip64 locator outside": {Seen.DAMAGED},
    "zip64 extra cut off": {Seen.DAMAGED},
    "link to a root": {Seen.HOSTILE},
    "link upwards": {Seen.HOSTILE},
    "crowded": {Seen.UNSEEN},
    "holds itself": {Seen.UNSEEN},
    "many nested": {Seen.UNSEEN},
    "claims petabytes": {Seen.HOSTILE},
}


@pytest.mark.parametrize("name", TOLD)
def test_it_is_told_and_costs_little(name):
    data = hostile.MAKERS[name]()
    view = View.of_bytes(data, name="a.zip")
    tracemalloc.start()
    look(view)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {fact.kind for fact in view.facts} >= TOLD[name]
    assert peak < 64 * 1024**2
    assert len(view.members) <= 20_000


def test_the_whole_check_tells_a_bomb_as_an_error(tmp_path):
    from datetime import UTC, datetime

    from delivery import checks, intake
    from delivery.options import CheckOptions
    from delivery.profile import Profile

    (tmp_path / "bomb.zip").write_bytes(hostile.overlapping(1000))
    deliverable = intake.take_in([tmp_path])
    observations = observe(deliverable)
    found = checks.run(deliverable, observations, Profile("x", "X"), CheckOptions(), now=datetime.now(UTC))
    assert [(item.code, item.severity) for item in found] == [("hostile-archive", "error")] * 2
