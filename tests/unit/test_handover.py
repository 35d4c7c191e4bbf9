"""A plan carried out, where what was planned turns out otherwise."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.config import Settings
from delivery.errors import LocalError
from delivery.handover import Handover
from delivery.intake import take_in
from delivery.ledger import Ledger
from delivery.model import Method, PartKind, Plan, Via
from delivery.planning import plan
from delivery.profile import Limits, Profile
from delivery.progress import CancelToken, NullProgress, Progress, RecordingProgress


class Linked(Exception):
    """Stands for the link way, which needs a store."""


def handover(via: str, out: Path, progress: Progress | None = None) -> Handover:
    settings = Settings().override(via=Via(via), out=str(out))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Handover("20260101-00000000", settings, progress or NullProgress(), CancelToken(), moment)


@pytest.fixture
def optimistic(tmp_path: Path) -> Plan:
    """A plan made from a sample that promised too much."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "noise.bin").write_bytes(random.Random(3).randbytes(300_000))
    made = plan(take_in([source]), Profile("t", "T", Limits(200_000)), packed_sizes={"noise.bin": 100_000})
    assert (made.method, made.parts[0].kind) == (Method.ATTACH, PartKind.ARCHIVE)
    return made


def test_zips_that_turn_out_too_large_go_by_link_with_the_reason(
    optimistic: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Plan] = []

    def link(self: Handover, made: Plan, out: Path, recorded: object) -> None:
        seen.append(made)
        raise Linked

    monkeypatch.setattr(Handover, "_link", link)
    with pytest.raises(Linked):
        handover("auto", tmp_path / "out").run(optimistic)
    assert seen[0].method is Method.LINK
    assert "noise.bin alone is 300 KB, more than the 200 KB" in seen[0].reasons[0]
    assert not (tmp_path / "out").exists()


def test_where_attaching_was_forced_it_is_cut_into_volumes(optimistic: Plan, tmp_path: Path) -> None:
    progress = RecordingProgress()
    done = handover("attach", tmp_path / "out", progress).run(optimistic)
    assert progress.notes == ["planned again: noise.bin does not compress enough to fit one attachment"]
    assert [item.filename for item in done.attachments if item.kind is PartKind.VOLUME] == [
        "noise.bin.001",
        "noise.bin.002",
    ]


def test_what_cannot_be_recorded_is_not_left_in_the_way_of_the_next_run(
    optimistic: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Ledger, *given: object, **named: object) -> None:
        assert (tmp_path / "out" / "noise.bin.001").exists()
        raise LocalError("the record of deliveries cannot be used: database or disk is full")

    with monkeypatch.context() as patched, pytest.raises(LocalError, match="disk is full"):
        patched.setattr(Ledger, "record", full)
        handover("attach", tmp_path / "out").run(optimistic)
    assert not (tmp_path / "out").exists()
    assert handover("attach", tmp_path / "out").run(optimistic).attachments
