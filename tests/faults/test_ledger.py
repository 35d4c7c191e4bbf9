"""The ledger under kill -9, under many writers, with large deliveries and with very many of them."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery.errors import LocalError
from delivery.ledger import Ledger, database
from delivery.model import Attachment, Deliverable, Delivery, FileEntry, Link, Method, PartKind, Plan
from delivery.profile import Profile

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from delivery.ledger import Ledger
from delivery.model import Attachment, Deliverable, Delivery, FileEntry, Method, PartKind, Plan
from delivery.profile import Profile

folder, name, count, files = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
entries = tuple(FileEntry("/x", f"f{n}", n, 0, sha256="a" * 64) for n in range(files))
plan = Plan(Deliverable("work", entries), Profile("none", "None"), Method.ATTACH, (), 1, ())
whole = Attachment(1, "/o/a.zip", 5, "b" * 64, PartKind.ARCHIVE, tuple(entry.arcname for entry in entries))
ledger = Ledger(folder)
for number in range(count):
    delivery = Delivery(f"{name}-{number}", now, plan, entries, attachments=(whole,), messages=("text",))
    ledger.record(delivery)
    print(delivery.id, flush=True)
    ledger.renewed(delivery.id, until=now, at=now)
    print(delivery.id, "renewed", flush=True)
"""


def writer(folder: Path, name: str, count: int, files: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(folder), name, str(count), str(files)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def integrity(ledger: Ledger) -> str:
    with closing(sqlite3.connect(ledger.path)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        return str(db.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_fifty_kills_lose_nothing_that_was_said_to_be_kept(tmp_path):
    luck = random.Random(7)
    ledger = Ledger(tmp_path)
    promised: set[str] = set()
    renewed: set[str] = set()
    killed = 0
    for attempt in range(50):
        process = writer(tmp_path, f"run{attempt}", 100_000, 300)
        assert process.stdout is not None
        first = process.stdout.readline()  # so that the kill falls into the writing, not into the start
        time.sleep(luck.uniform(0, 0.05))
        process.kill()
        lines = [first, *process.stdout.readlines()]
        process.stdout.close()
        killed += process.wait() == -9
        for line in lines:
            words = line.split()
            if line.endswith("\n") and words:
                (renewed if words[1:] else promised).add(words[0])
    assert killed == 50
    assert integrity(ledger) == "ok"
    kept = {record.id for record in ledger.list(now=NOW)}
    assert promised <= kept
    assert len(kept) <= len(promised) + 50
    for id in kept:
        loaded = ledger.load(id)
        assert len(loaded.files) == len(loaded.attachments[0].members) == 300
    assert all(ledger.events(id) for id in renewed)


OUSTER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=0)
try:
    db.execute("PRAGMA journal_mode = DELETE")  # nobody gets it to themselves while another works there
except sqlite3.OperationalError as error:
    print(error)
"""


def test_another_thread_that_opens_the_record_does_not_let_go_of_what_is_held_there(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.list(now=NOW)
    with database.reading(ledger.path):
        ledger.list(now=NOW)
        said = subprocess.run([sys.executable, "-c", OUSTER, ledger.path], capture_output=True, text=True, check=True)
        assert "locked" in said.stdout


@pytest.mark.slow
def test_eight_writers_at_once_lose_nothing(tmp_path):
    processes = [writer(tmp_path, f"w{number}", 20, 50) for number in range(8)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8
    assert all(len(output.splitlines()) == 40 for output in outputs)
    ledger = Ledger(tmp_path)
    assert len(ledger.list(now=NOW)) == 160
    assert integrity(ledger) == "ok"
    assert all(len(ledger.events(f"w{n}-19")) == 1 for n in range(8))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_delivery_of_100_000_files_is_kept_in_little_memory(tmp_path):
    # VmHWM begins anew with the program; ru_maxrss would still hold the size of the process that started it.
    script = WRITER + "\nprint('peak', Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])\n"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), "big", "1", "100000"], capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split("peak ")[1]) < 150 * 1024
    loaded = Ledger(tmp_path).load("big-0")
    assert len(loaded.files) == len(loaded.attachments[0].members) == 100_000


def many(ledger: Ledger, count: int) -> None:
    """``count`` deliveries, written as rows because recording each in its own transaction takes minutes."""
    files = (FileEntry("/x", "a.txt", 1, 0, sha256="a" * 64),)
    plan = Plan(Deliverable("work", files), Profile("fiverr", "Fiverr"), Method.LINK, (), 1, ())
    link = Link("a.zip", "k", 1, "b" * 64, NOW, "https://x.example.com/a")
    ledger.record(Delivery("first", NOW, plan, files, links=(link,), expires_at=NOW))
    with database.writing(ledger.path) as db:
        columns = [row["name"] for row in db.execute("PRAGMA table_info(delivery)") if row["name"] not in {"n", "id"}]
        kept = ", ".join(columns)
        changed = kept.replace("created_at", "created_at + ?1", 1).replace("expires_at", "expires_at + ?1 * 60", 1)
        changed = changed.replace("order_label", "'FO' || (?1 / 3)", 1)
        db.executemany(
            f"INSERT INTO delivery (id, {kept}) SELECT 'id' || ?1, {changed} FROM delivery WHERE id = 'first'",
            ((number,) for number in range(1, count)),
        )


@pytest.mark.slow
def test_lists_of_100_000_deliveries_use_an_index(tmp_path):
    ledger = Ledger(tmp_path)
    many(ledger, 100_000)
    middle = NOW + timedelta(seconds=50_000 * 60)
    assert [record.id for record in ledger.list(limit=2, now=NOW)] == ["id99999", "id99998"]
    assert len(ledger.list(order="FO77", now=NOW)) == 3
    assert len(ledger.list(since=NOW + timedelta(seconds=99_990), now=NOW)) == 10
    assert ledger.list(state="expired", limit=1, now=middle)[0].id == "id50000"
    assert len(ledger.list(state="expiring", now=middle)) == 24 * 60
    assert len(ledger.ending(within=timedelta(hours=1), now=middle)) == 60
    with closing(sqlite3.connect(ledger.path)) as db:
        latest = "ORDER BY created_at DESC, n DESC"
        for clause in (latest, f"WHERE order_label = 'FO1' {latest}"):
            plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM delivery {clause} LIMIT 5"))
            assert "USING INDEX" in plan


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_full_disk_is_told_and_nothing_half_is_kept(tmp_path):
    ledger = Ledger(tmp_path)
    many(ledger, 2)
    huge = replace(ledger.load("first"), id="huge", messages=("x" * 3_000_000,))
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(LocalError) as caught:
            ledger.record(huge)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert "disk" in caught.value.hint
    assert {record.id for record in ledger.list(now=NOW)} == {"first", "id1"}
    assert integrity(ledger) == "ok"


def test_a_busy_ledger_is_told_after_a_while(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path)
    many(ledger, 2)
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LocalError) as caught:
            ledger.renewed("first", until=NOW, at=NOW)
        other.execute("ROLLBACK")
    assert caught.value.code == "ledger-busy"
    assert ledger.list(limit=1, now=NOW)


def test_an_attachment_is_kept_with_all_its_members_in_order(tmp_path):
    ledger = Ledger(tmp_path)
    many(ledger, 1)
    members = tuple(f"f{n}" for n in range(1000))
    item = Attachment(1, "/o/a.zip", 5, "b" * 64, PartKind.ARCHIVE, members)
    ledger.record(replace(ledger.load("first"), id="two", attachments=(item,)))
    assert ledger.load("two").attachments[0].members == members
