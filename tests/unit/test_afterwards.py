"""What a reply says about a delivery as it stands by then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from delivery import places
from delivery.afterwards import as_parts, as_uploaded, compose_reply
from delivery.ledger import Ledger
from delivery.model import Deliverable, Delivery, FileEntry, Link, Method, PartKind, Plan
from delivery.profile import Profile

NOW = datetime(2026, 10, 24, 10, 0, tzinfo=UTC)
"""A day before summer time ends in Europe."""
END = NOW + timedelta(days=2)


@pytest.fixture
def ledger() -> Ledger:
    """A ledger with ``one``, whose only link ends at ``END``."""
    files = (FileEntry("/src/logo.png", "logo.png", 5, 0, sha256="a" * 64),)
    plan = Plan(Deliverable("work", files), Profile("fiverr", "Fiverr", marketplace=True), Method.LINK, (), 1, ())
    link = Link("logo.png", "d/logo.png", 5, "a" * 64, END, "")
    ledger = Ledger(places.data_dir())
    ledger.record(Delivery("one", NOW, plan, files, links=(link,), store="mine", prefix="d/", expires_at=END))
    return ledger


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def asked(to: str = "email-request", platform: str | None = None) -> str:
    return "\n".join(compose_reply(to, "one", platform=platform, now=NOW).messages)


def test_links_that_still_work_are_told_with_their_end(ledger: Ledger) -> None:
    assert "it works until 26 October 2026 at 10:00 UTC" in asked()


def test_links_that_were_revoked_or_pruned_are_not_said_to_work(ledger: Ledger) -> None:
    ledger.pruned(["one"], at=NOW)
    assert "works until" not in asked()
    ledger.revoked("one", at=NOW)
    assert "works until" not in asked()


def test_that_links_have_ended_which_still_work_is_not_said_without_a_word_to_the_seller(ledger: Ledger) -> None:
    noted = compose_reply("expired", "one", now=NOW).notes
    assert "the links of one work until 2026-10-26T10:00:00Z" in noted[0]
    assert compose_reply("expired", "one", now=END).notes == ()
    ledger.revoked("one", at=NOW)
    assert compose_reply("expired", "one", now=NOW).notes == ()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of the process cannot be set here")
def test_the_end_is_in_the_zone_as_it_is_at_the_end(ledger: Ledger, berlin: None) -> None:
    assert "26 October 2026 at 10:00 UTC (11:00 CET)" in asked()


def test_the_rules_are_those_of_the_platform_that_was_asked_for(ledger: Ledger) -> None:
    assert "one page with a button" in asked("other-form", "upwork")
    assert "one page with a button" not in asked("other-form", "freelancer-contest")


def test_a_link_to_a_file_keeps_its_type_though_its_name_had_to_be_another() -> None:
    """``b/x.png`` becomes ``x (2).png`` beside ``a/x.png``: signed again, it is still a picture and no zip."""
    files = tuple(
        FileEntry(f"/src/{name}", name, 5, 0, media_type="image/png", sha256=digit * 64)
        for name, digit in (("a/x.png", "a"), ("b/x.png", "b"), ("c/y.png", "c"))
    )
    plan = Plan(Deliverable("work", files), Profile("fiverr", "Fiverr", marketplace=True), Method.LINK, (), 1, ())
    links = (
        Link("x.png", "d/x.png", 5, "a" * 64, END, "", members=("a/x.png",)),
        Link("x (2).png", "d/x (2).png", 5, "b" * 64, END, "", members=("b/x.png",)),
        Link("y.zip", "d/y.zip", 9, "d" * 64, END, "", members=("c/y.png",)),
    )
    kept = Delivery("one", NOW, plan, files, links=links, store="mine", prefix="d/", expires_at=END)
    assert [item.media_type for item in as_uploaded(kept)] == ["image/png", "image/png", "application/zip"]
    assert [part.kind for part in as_parts(kept)] == [PartKind.AS_IS, PartKind.AS_IS, PartKind.ARCHIVE]
