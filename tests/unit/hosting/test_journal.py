"""The memory of an upload on this machine's disk: what is believed of it, and what happens to its files."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.stores import KEYS, soon

from delivery.config import Settings
from delivery.hosting.journal import journal_for, prefixes, unfinished
from delivery.options import StoreOptions
from delivery.storage import Store, open_store

TOKEN = "q" * 32


@pytest.fixture(params=["", "work"])
def store(request: pytest.FixtureRequest) -> Store:
    return opened_with(request.param)


def opened_with(prefix: str) -> Store:
    """A store that is never asked."""
    options = StoreOptions(bucket="b", endpoint="http://127.0.0.1:9", prefix=prefix, **KEYS)
    return open_store("test", Settings(stores={"test": options}), until=soon())


@pytest.fixture
def folder(home: Path) -> Path:
    return home / "state" / "uploads"


def written(folder: Path, store: Store, /, *lines: object, **head: Any) -> Path:
    """A journal of ``a.bin`` as it lies on the disk."""
    first = {"journal": 1, "store": store.identity, "prefix": f"{store.prefix}{TOKEN}/", "names": ["a.bin"]} | head
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "x.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (first, *lines)))
    return path


def done(key: str) -> dict[str, object]:
    return {"done": key, "size": 1, "sha256": "ab", "tag": "t"}


@pytest.mark.parametrize("prefix", ["", "/", "other/", TOKEN, f"{TOKEN}/more/", f"../{TOKEN}/"])
def test_a_journal_of_another_place_than_a_deliverys_own_is_none(store: Store, folder: Path, prefix: str) -> None:
    for wide in (prefix, f"{store.prefix}{prefix}"):
        written(folder, store, prefix=wide)
        with unfinished(store) as found:
            assert found == []
        with journal_for(store, ["a.bin"]) as journal:
            assert not journal.resumed and journal.prefix != wide


def test_keys_outside_of_the_journals_place_do_not_count(store: Store, folder: Path) -> None:
    own = f"{store.prefix}{TOKEN}/a.bin"
    written(
        folder,
        store,
        done("family.jpg"),
        {"begin": "k", "upload": "u", "part_size": 1, "size": 1, "tag": ""},
        done(own),
    )
    with unfinished(store) as (journal,):
        assert set(journal.done) == {own} and journal.begun == {}


def test_whoever_goes_on_with_a_journal_touches_it(store: Store, folder: Path) -> None:
    path, old = written(folder, store), datetime.now(UTC) - timedelta(days=20)
    os.utime(path, (old.timestamp(), old.timestamp()))
    with unfinished(store) as (journal,):
        assert abs(journal.touched_at - old) < timedelta(seconds=2)
    with journal_for(store, ["a.bin"]) as journal:
        assert journal.resumed is False and journal.prefix == f"{store.prefix}{TOKEN}/"
    with unfinished(store) as (journal,):
        assert datetime.now(UTC) - journal.touched_at < timedelta(hours=1)


def test_a_journal_in_use_is_not_offered_but_its_place_is_known(store: Store, folder: Path) -> None:
    path = written(folder, store)
    with journal_for(store, ["a.bin"]) as journal:
        with unfinished(store) as found:
            assert found == []
        assert prefixes(store) == {journal.prefix}
        path.unlink()
    assert prefixes(store) == set()


OWN = f"{TOKEN}/a.bin"
BEGUN = {"begin": OWN, "upload": "u", "part_size": 1, "size": 9, "tag": "t"}
PART = {"part": 1, "key": OWN, "etag": "e", "sha256": "s"}


@pytest.mark.parametrize(
    "line",
    [
        None, 5, "begin", ["begin"], {}, {"begin": OWN}, {"other": OWN}, PART, {"done": OWN, "size": "x"}, {"drop": 5},
        {**BEGUN, "part_size": 0}, {**BEGUN, "part_size": "x"}, {**BEGUN, "size": -1}, {**BEGUN, "upload": 5},
        {**BEGUN, "tag": None}, {**BEGUN, "upload": "\ud800"},
    ],
)  # fmt: skip
def test_a_line_that_is_none_does_not_count_and_the_others_do(home: Path, folder: Path, line: object) -> None:
    store = opened_with("")
    written(folder, store, line, done(f"{TOKEN}/b.bin"))
    with unfinished(store) as (journal,):
        assert journal.begun == {} and set(journal.done) == {f"{TOKEN}/b.bin"}


@pytest.mark.parametrize(
    "change", [{"part": "1"}, {"part": 0}, {"part": True}, {"etag": 1}, {"sha256": None}, {"key": "other"}]
)
def test_a_part_that_is_none_does_not_count(folder: Path, change: dict[str, object]) -> None:
    store = opened_with("")
    written(folder, store, BEGUN, {**PART, **change}, {**PART, "part": 2})
    with unfinished(store) as (journal,):
        assert journal.begun[OWN].parts == {2: ("e", "s")}


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 4096, b"[" * 100_000, b"\xff\xfe\n{", b'{"prefix": 7}', b'{"part": ' + b"9" * 5000 + b"}"]
)
def test_a_file_that_is_no_journal_is_left_where_it_is(store: Store, folder: Path, data: bytes) -> None:
    path = written(folder, store)
    path.write_bytes(data)
    with unfinished(store) as found:
        assert found == []
    with journal_for(store, ["a.bin"]) as journal:
        assert journal.path != path
    assert path.read_bytes() == data


@pytest.mark.parametrize("change", [{"prefix": 7}, {"prefix": None}, {"names": 5}, {"names": None}, {"store": None}])
def test_a_head_that_is_none_makes_no_journal(store: Store, folder: Path, change: dict[str, object]) -> None:
    written(folder, store, **change)
    with unfinished(store) as found:
        assert found == []
