"""The memory of an upload on this machine's disk: what is believed of it, and what happens to its files."""

from __future__ import annotations

import errno
import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.stores import KEYS, soon

from delivery import patience
from delivery.config import Settings
from delivery.errors import LocalError
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
        assert journal.resumed is True and journal.prefix == f"{store.prefix}{TOKEN}/"
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


class Disk:
    """Has room for so many bytes, then for none."""

    def __init__(self, room: int) -> None:
        self.room = room

    def open(self, path: Path, mode: str, **options: Any) -> io.FileIO:
        disk = self

        class File(io.FileIO):
            def write(self, data: Any) -> int:
                if not disk.room:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                count = super().write(data[: disk.room])
                disk.room -= count
                return count

        return File(path, mode, opener=options["opener"])


@pytest.mark.parametrize("room", [0, 40, 400])
def test_a_full_disk_is_told_and_leaves_a_journal_or_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    store, disk = opened_with(""), Disk(room)
    monkeypatch.setattr("delivery.hosting.journal.FileIO", disk.open)
    with (
        pytest.raises(LocalError, match="cannot be written: No space left") as caught,
        journal_for(store, []) as journal,
    ):
        for number in range(9):
            journal.note_done(f"{journal.prefix}{number}", 1, "ab", "t")
    assert caught.value.hint.startswith("make room")
    with unfinished(store) as found:
        assert [bool(each.done) for each in found] == [True] * (room == 400)
    assert len(list(folder.glob("*.jsonl"))) == len(found)
    disk.room = 10_000
    with journal_for(store, []) as again:
        before = set(again.done)
        again.note_done(f"{again.prefix}more", 1, "ab", "t")
    with unfinished(store) as (kept,):
        assert set(kept.done) == before | {f"{again.prefix}more"}


@pytest.mark.parametrize("number, todo", [(errno.ENOSPC, "make room"), (errno.EROFS, "permissions")])
@pytest.mark.parametrize("there", [True, False])
def test_a_lock_that_cannot_be_made_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, there: bool, number: int, todo: str
) -> None:
    def full(path: Path) -> Any:
        raise OSError(number, os.strerror(number))

    store = opened_with("")
    if there:
        written(folder, store)
    monkeypatch.setattr("delivery.hosting.journal.locked", full)
    with pytest.raises(LocalError, match="cannot be written") as caught, journal_for(store, ["a.bin"]):
        pass
    assert todo in caught.value.hint


def test_a_journal_that_cannot_be_removed_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened_with("")
    written(folder, store)

    def refused(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with journal_for(store, ["a.bin"]) as journal, monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        with pytest.raises(LocalError, match="cannot be removed"):
            journal.finish()


def test_a_journal_that_another_run_reads_just_now_is_removed_a_moment_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_TRIES", 2)
    monkeypatch.setattr(patience, "_PAUSE", 0)
    store = opened_with("")
    written(folder, store)
    unlink, refusals = Path.unlink, iter([True, True])

    def at_last(self: Path, missing_ok: bool = False) -> None:
        if self.suffix == ".jsonl" and next(refusals, False):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", at_last)
    with journal_for(store, ["a.bin"]) as journal:
        journal.finish()
    assert list(folder.iterdir()) == []


@pytest.fixture
def as_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is open is not removed."""
    real_open, real_unlink, seen = os.open, os.unlink, list[int]()

    def opening(path: Any, flags: int, mode: int = 0o777) -> int:
        seen.append(descriptor := real_open(path, flags, mode))
        return descriptor

    def is_open(descriptor: int, path: Any) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(path))
        except OSError:
            return False

    def unlink(path: Any) -> None:
        if any(is_open(descriptor, path) for descriptor in seen):
            raise PermissionError(errno.EACCES, "another process uses it", str(path))
        real_unlink(path)

    monkeypatch.setattr("os.open", opening)
    monkeypatch.setattr("os.unlink", unlink)


@pytest.mark.usefixtures("as_on_windows")
def test_no_lock_outlives_its_journal(folder: Path) -> None:
    store = opened_with("")
    with journal_for(store, ["a.bin"]):
        pass  # nothing was noted
    assert list(folder.iterdir()) == []
    with journal_for(store, ["a.bin"]) as journal:
        journal.note_done(f"{journal.prefix}a.bin", 1, "ab", "t")
        journal.finish()
    assert list(folder.iterdir()) == []
    for names in (["a.bin"], ["b.bin"]):
        with journal_for(store, names) as journal:
            journal.note_done(f"{journal.prefix}a.bin", 1, "ab", "t")
    assert len(list(folder.iterdir())) == 4
    with unfinished(store) as found:
        found[0].finish()
    assert len(list(folder.iterdir())) == 2
    with unfinished(store) as found:
        found[0].finish()
    assert list(folder.iterdir()) == []
