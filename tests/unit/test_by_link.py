"""What an upload that did not end says of how it goes on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from delivery.by_link import telling_how_to_go_on
from delivery.errors import StoreUnreachableError
from delivery.hosting import Journal
from delivery.intake import take_in
from delivery.model import FileEntry, Plan
from delivery.planning import plan
from delivery.platforms import get
from delivery.storage.faults import GOES_ON


@pytest.mark.parametrize("streamed", [True, False])
def test_no_error_promises_to_go_on_with_a_stream(tmp_path: Path, streamed: bool) -> None:
    (tmp_path / "a.txt").write_bytes(b"a")
    stream = FileEntry.from_stream("b.bin", io.BytesIO(b"b"))
    planned: Plan = plan(take_in([tmp_path / "a.txt", *[stream] * streamed]), get("none"))
    with pytest.raises(StoreUnreachableError) as raised, telling_how_to_go_on(planned, Journal("place/")):
        raise StoreUnreachableError("it does not answer", hint=f"run the same command again{GOES_ON}")
    assert ("goes on where it stopped" in raised.value.hint) is not streamed
    assert ("a stream is sent from its beginning again" in raised.value.hint) is streamed
