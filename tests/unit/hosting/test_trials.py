"""What the doctor makes of a store's answers."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.origin import Origin, origin

from delivery.hosting.trials import Trials, Unmet
from delivery.progress import CancelToken
from delivery.storage.base import Store


@pytest.fixture
def server() -> Iterator[Origin]:
    with origin() as made:
        made.put("x/doctor.txt", b"twelve bytes")
        yield made


def trials(server: Origin) -> Trials:
    def presign(key: str, *ignored: Any) -> str:
        return server.url(key)

    return Trials(cast(Store, SimpleNamespace(presign=presign)), CancelToken(), "x/")


def test_a_range_is_known_by_its_bytes_whatever_the_status(server: Origin) -> None:
    assert trials(server).range() == "206"
    server.ranged_status = 200
    assert "curl, wget and `fetch` go on" in trials(server).range()


@pytest.mark.parametrize("harm", ["whole", "other"])
def test_other_bytes_than_were_asked_for_are_no_range(server: Origin, harm: str) -> None:
    for server.ranged_status in (200, 206):
        server.rule = lambda asked: harm
        with pytest.raises(Unmet, match="something else than the bytes that were asked for"):
            trials(server).range()
