"""A value that this tool never keeps is told as damage, wherever it is read; what is sound beside it is still kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery.errors import LocalError, UsageError
from delivery.ledger import Ledger
from delivery.ledger.damage import DamagedError, checked
from delivery.model import Attachment, Deliverable, Delivery, FileEntry, Finding, Link, Method, PartKind, Plan, Severity
from delivery.profile import Profile

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ID = "20261122-abcd"
Read = Callable[[Ledger], object]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path)
    end = NOW + timedelta(days=7)
    files = (FileEntry("/x", "a.txt", 1, 0, sha256="a" * 64),)
    plan = Plan(Deliverable("work", files), Profile("fiverr", "Fiverr"), Method.LINK, (), 1, ())
    delivery = Delivery(
        ID, NOW, plan, files, (Finding("code.one", Severity.WARNING, "a.txt", "large", "make it small"),),
        attachments=(Attachment(1, "/o/a.pdf", 5, "b" * 64, PartKind.PROOF),),
        links=(Link("a.txt", "k/a.txt", 1, "a" * 64, end, "https://x.example.com/a"),),
        messages=("text",), store="mine", prefix="k", expires_at=end,
    )  # fmt: skip
    made.record(delivery)
    made.renewed(ID, until=end, at=NOW)
    return made


def listed(ledger: Ledger) -> object:
    return ledger.list(now=NOW)


def loaded(ledger: Ledger) -> object:
    return ledger.load(ID)


def accounted(ledger: Ledger) -> object:
    return ledger.account(ID, now=NOW)


def ending(ledger: Ledger) -> object:
    return ledger.ending(within=timedelta(days=30), now=NOW)


def uploaded(ledger: Ledger) -> object:
    return ledger.uploaded("mine")


@pytest.mark.parametrize(
    ("harm", "reads"),
    [
        ("delivery SET profile = '{'", [loaded, accounted]),
        ("delivery SET profile = '[]'", [loaded, accounted]),
        ("delivery SET profile = x'00'", [loaded, accounted]),
        ("delivery SET name = x'41'", [listed, loaded, accounted, ending]),
        ("delivery SET id = CAST(id AS BLOB)", [listed, ending]),
        ("delivery SET out_folder = x'41'", [loaded, accounted]),
        ("delivery SET tool_version = x'41'", [accounted]),
        ("file SET arcname = x'41'", [loaded, accounted]),
        ("part SET place = x'41'", [loaded, accounted, uploaded]),
        ("message SET text = x'41'", [loaded, accounted]),
        ("event SET kind = x'41'", [accounted]),
        ("delivery SET notes = '{'", [loaded, accounted]),
        ("delivery SET reasons = '5'", [loaded, accounted]),
        ("delivery SET method = 'x'", [listed, loaded, accounted, ending]),
        ("delivery SET created_at = 99999999999999", [listed, loaded, accounted, ending]),
        ("delivery SET created_at = 9223372036854775807", [listed, loaded, accounted, ending]),
        ("delivery SET expires_at = 'abc'", [listed, loaded, accounted]),
        ("delivery SET revoked_at = 'abc'", [listed, accounted]),
        ("delivery SET size = 'x'", [listed, accounted, ending]),
        ("file SET size = 'x'", [loaded, accounted]),
        ("file SET sha256 = 'abc'", [loaded, accounted]),
        ("part SET sha256 = 'abc'", [loaded, accounted, uploaded]),
        ("part SET size = 'x'", [loaded, accounted, uploaded]),
        ("part SET kind = 'x'", [loaded, accounted]),
        ("finding SET severity = 'x'", [loaded, accounted]),
        ("message SET composed_at = 'x'", [accounted]),
        ("event SET detail = '{'", [accounted]),
        ("event SET detail = '[]'", [accounted]),
        (f"delivery SET profile = '{'[' * 100_000}'", [loaded, accounted]),
        ("delivery SET name = CAST(x'ff' AS TEXT)", [listed, loaded, accounted, ending]),
        ("message SET text = CAST(x'ff' AS TEXT)", [loaded, accounted]),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_value_that_is_none_is_told_as_damage(ledger: Ledger, harm: str, reads: list[Read]) -> None:
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        db.execute(f"UPDATE {harm}")
    for read in reads:
        with pytest.raises(LocalError, match="damaged") as caught:
            read(ledger)
        assert caught.value.code == "ledger-damaged"
        assert "rename" in caught.value.hint


@pytest.mark.parametrize(
    ("sound", "harmed"),
    [
        (b"CREATE TABLE delivery", b"CREATE TAB\xff\xff delivery"),
        (b"CREATE TABLE delivery", b"CREATE TABLE delixery"),
        (b"created_us   INTEGER", b"created_ux   INTEGER"),
    ],
)
def test_tables_that_are_none_are_told_as_damage(ledger: Ledger, sound: bytes, harmed: bytes) -> None:
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = ledger.path.read_bytes()
    assert sound in data
    ledger.path.write_bytes(data.replace(sound, harmed))
    for read in (listed, loaded, accounted):
        with pytest.raises(LocalError, match="damaged") as caught:
            read(ledger)
        assert caught.value.code == "ledger-damaged"


def test_one_damaged_delivery_keeps_no_other_from_being_read(ledger: Ledger) -> None:
    other = ledger.load(ID)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        db.execute("UPDATE delivery SET id = 'harmed', profile = '{'")
    ledger.record(other)
    assert ledger.load(ID) == other


def test_one_damaged_delivery_keeps_no_other_from_being_listed(ledger: Ledger) -> None:
    other = ledger.load(ID)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as db:
        db.execute("UPDATE delivery SET id = 'harmed', created_at = 99999999999999")
    ledger.record(other)
    told: list[str] = []
    assert [record.id for record in ledger.list(now=NOW, damaged=told.append)] == [ID]
    assert told == ["harmed"]


def test_a_caller_that_errs_is_not_told_of_damage(ledger: Ledger) -> None:
    for wrong in ("unknown", None):
        with pytest.raises(UsageError):
            ledger.load(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError, OSError])
def test_whatever_making_of_a_row_raises_is_damage(error: type[Exception]) -> None:
    @checked
    def read() -> None:
        raise error("x")

    with pytest.raises(DamagedError) as caught:
        read()
    assert isinstance(caught.value.__cause__, error)
