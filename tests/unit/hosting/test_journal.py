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
    """One that is never asked."""
    options = StoreOptions(bucket="b", endpoint="http://127.0.0.1:9", prefix=request.param, **KEYS)
    return open_store("test", Settings(stores={"test": options}), until=soon())


@pytest.fixture
def folder(home: Path) -> Path:
    return home / "state" / "uploads"


def written(folder: Path, store: Store, *lines: object, **head: Any) -> Path:
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
