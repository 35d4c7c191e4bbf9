"""What was delivered, to whom and how: kept for later messages, new links and disputes. No urls, no secrets."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from delivery.errors import UsageError
from delivery.escape import decodable
from delivery.ledger import database
from delivery.ledger.damage import DamagedError
from delivery.ledger.lines import COLUMNS, event, in_state, kept_message, last_end, line, stored
from delivery.ledger.lookup import find, unknown
from delivery.ledger.record import SOON, Account, Event, KeptMessage, Record, State
from delivery.ledger.rows import (
    delivery_from,
    delivery_row,
    file_rows,
    finding_rows,
    findings_from,
    member_rows,
    part_rows,
    seconds,
    without_urls,
)
from delivery.model import Delivery, Finding, StoredObject

_LATEST_UPLOADED = 500


class Ledger:
    """The record of deliveries in ``folder``. Each call opens the database and closes it; runs may overlap freely."""

    def __init__(self, folder: Path) -> None:
        self.path = Path(folder) / "ledger.sqlite3"

    @property
    def begun(self) -> bool:
        """Whether anything was ever kept there. Raises LocalError where that cannot be seen."""
        return database.is_there(self.path)

    def record(
        self,
        delivery: Delivery,
        *,
        waived: Iterable[Finding] = (),
        revision_of: str | None = None,
        situation: str | None = None,
        bucket: str | None = None,
        again: bool = False,
    ) -> None:
        """Keep ``delivery``, whole or not at all. ``waived`` are the findings that the user allowed, ``situation`` is
        what its message is for, ``bucket`` a word for where its store led.

        ``again``: where its id is kept already, this is that delivery made again; its events and texts stay.
        Raises LocalError when it cannot be written, UsageError when the id is kept already.
        """
        with database.writing(self.path) as db:
            try:
                row = delivery_row(delivery, revision_of, situation, bucket)
                kept = self._replace(db, delivery, row) if again else None
                n = self._insert(db, row) if kept is None else kept
            except sqlite3.IntegrityError as error:
                raise UsageError(
                    f"the delivery {delivery.id} is in the record already",
                    hint="run the same command again: it gets another id",
                    code="known-delivery",
                ) from error
            db.executemany("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", file_rows(n, delivery))
            db.executemany("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", part_rows(n, delivery))
            db.executemany("INSERT INTO member VALUES (?, ?, ?, ?)", member_rows(n, delivery))
            db.executemany("INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?)", finding_rows(n, delivery, waived))
            texts = [without_urls(text, delivery) for text in delivery.messages]
            _keep_messages(db, n, texts, "delivery", delivery.created_at)

    @staticmethod
    def _insert(db: sqlite3.Connection, row: Mapping[str, str | int | None]) -> int:
        cursor = db.execute(
            f"INSERT INTO delivery ({', '.join(row)}) VALUES ({', '.join(':' + name for name in row)})",  # noqa: S608
            row,
        )
        return int(cursor.lastrowid or 0)

    @staticmethod
    def _replace(db: sqlite3.Connection, delivery: Delivery, row: Mapping[str, str | int | None]) -> int | None:
        """The kept row of the same id with the columns of ``row``, and nothing left of its files and links."""
        kept = db.execute("SELECT * FROM delivery WHERE id = ?", (delivery.id,)).fetchone()
        if kept is None:
            return None
        n = int(kept["n"])
        for table in ("file", "part", "member", "finding"):
            db.execute(f"DELETE FROM {table} WHERE delivery = ?", (n,))  # noqa: S608
        columns = ", ".join(f"{name} = :{name}" for name in row)
        db.execute(f"UPDATE delivery SET {columns} WHERE n = :n", {**row, "n": n})  # noqa: S608
        if kept["revoked_at"] is None and kept["pruned_at"] is None:
            _need(db, n, kept["needed_until"])
        db.execute("UPDATE message SET situation = 'earlier' WHERE delivery = ? AND situation = 'delivery'", (n,))
        _keep_event(db, n, delivery.created_at, "made again", {"before": kept["created_at"]})
        return n

    def list(
        self,
        *,
        order: str | None = None,
        platform: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        state: State | str | None = None,
        limit: int | None = None,
        now: datetime,
        damaged: Callable[[str], object] | None = None,
    ) -> list[Record]:
        """The deliveries that match, the latest first. Raises UsageError for an unknown state.

        ``damaged`` is told the id of each whose row is damaged, which is left out; without it such a row is an error.
        """
        clauses: list[str] = []
        values: dict[str, str | int] = {"now": seconds(now), "soon": seconds(now + SOON)}
        if order is not None:
            clauses.append("order_label = :order")
            values["order"] = decodable(order)
        if platform is not None:
            clauses.append("platform = :platform")
            values["platform"] = decodable(platform)
        if since is not None:
            clauses.append("created_at >= :since")
            values["since"] = seconds(since)
        if until is not None:
            clauses.append("created_at <= :until")
            values["until"] = seconds(until)
        if state is not None:
            clauses.append(in_state(state))
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        values["limit"] = -1 if limit is None else limit
        query = f"SELECT {COLUMNS} FROM delivery {where} ORDER BY created_at DESC, n DESC LIMIT :limit"  # noqa: S608
        with database.reading(self.path) as db:
            found = []
            for row in db.execute(query, values):
                try:
                    found.append(line(row, now))
                except DamagedError:
                    if damaged is None:
                        raise
                    damaged(str(row[0]))  # whatever it is
            return found

    def ending(self, *, within: timedelta, now: datetime) -> tuple[Record, ...]:
        """The deliveries whose links end from ``now`` on within ``within``, the next one first."""
        query = (
            f"SELECT {COLUMNS} FROM delivery WHERE expires_at > ? AND expires_at <= ? AND revoked_at IS NULL"  # noqa: S608
            " ORDER BY expires_at, n"
        )
        with database.reading(self.path) as db:
            rows = db.execute(query, (seconds(now), seconds(now + within)))
            return tuple(line(row, now) for row in rows)

    def over(self, *, after: timedelta, now: datetime) -> frozenset[str]:
        """The ids of deliveries whose objects may go: revoked, or all links ever signed ended ``after`` or more ago.

        Where the end of the present links is not known, nobody can say so.
        """
        query = (
            "SELECT id FROM delivery WHERE revoked_at IS NOT NULL"
            " OR (expires_at IS NOT NULL AND coalesce(needed_until, expires_at) <= ?)"
        )
        with database.reading(self.path) as db:
            return frozenset(row["id"] for row in db.execute(query, (seconds(now - after),)))

    def load(self, id: str) -> Delivery:
        """The delivery with ``id`` or a unique beginning of it, its links without urls.

        Raises UsageError (``unknown-delivery``, ``ambiguous-delivery``).
        """
        if not self.begun:
            raise unknown(id)
        with database.reading(self.path) as db:
            return delivery_from(db, find(db, id))

    def get(self, id: str, *, now: datetime) -> Record:
        """The line of :meth:`list` for one delivery. Raises UsageError as :meth:`load` does."""
        with database.reading(self.path) as db:
            return line(find(db, id), now)

    def promised(self, id: str) -> datetime | None:
        """Up to when links were ever signed; None where that is not known."""
        with database.reading(self.path) as db:
            return last_end(find(db, id))

    def needed(self, id: str, *, until: datetime | None) -> None:
        """Keep that links were signed up to ``until``, whoever has them: :meth:`over` waits for it."""
        with database.writing(self.path) as db:
            _need(db, find(db, id)["n"], None if until is None else seconds(until))

    def renewed(self, id: str, *, until: datetime | None, at: datetime) -> None:
        """Keep that all links were signed again and when they end now."""
        end = None if until is None else seconds(until)
        with database.writing(self.path) as db:
            n = find(db, id)["n"]
            db.execute("UPDATE part SET expires_at = ? WHERE delivery = ? AND role <> 'attachment'", (end, n))
            db.execute("UPDATE delivery SET expires_at = ? WHERE n = ?", (end, n))
            _need(db, n, end)
            _keep_event(db, n, at, "renewed", {"until": end})

    def revoked(self, id: str, *, at: datetime) -> None:
        """Keep that the links were ended, for the first time; they end but once."""
        with database.writing(self.path) as db:
            row = find(db, id)
            if row["revoked_at"] is None:
                db.execute("UPDATE delivery SET revoked_at = ? WHERE n = ?", (seconds(at), row["n"]))
                _keep_event(db, row["n"], at, "revoked", {})

    def pruned(self, ids: Iterable[str], *, at: datetime) -> None:
        """Keep that the objects of these deliveries are gone from their store."""
        with database.writing(self.path) as db:
            for id in ids:
                n = find(db, id)["n"]
                db.execute("UPDATE delivery SET pruned_at = ? WHERE n = ?", (seconds(at), n))
                _keep_event(db, n, at, "pruned", {})

    def holds(self, prefix: str) -> bool:
        """Whether what lies under ``prefix`` in its store was delivered."""
        with database.reading(self.path) as db:
            return db.execute("SELECT 1 FROM delivery WHERE prefix = ?", (prefix,)).fetchone() is not None

    def bucket(self, id: str) -> str | None:
        """The word for where its store led when it was recorded; None where none is kept."""
        with database.reading(self.path) as db:
            found: str | None = find(db, id)["bucket"]
            return found

    def uploaded(self, store: str) -> tuple[StoredObject, ...]:
        """The latest files that went to ``store`` and should still be there, with their digests as ``sha256:...``."""
        query = (
            "SELECT place, part.size AS size, sha256, etag FROM part JOIN delivery ON n = delivery "
            "WHERE store = ? AND role = 'link' AND revoked_at IS NULL AND pruned_at IS NULL ORDER BY n DESC LIMIT ?"
        )
        with database.reading(self.path) as db:
            rows = db.execute(query, (store, _LATEST_UPLOADED))
            return tuple(stored(row) for row in rows)

    def wrote(self, id: str, delivery: Delivery, *, situation: str, at: datetime) -> None:
        """Keep the texts of ``delivery.messages``, composed later than it was made, unless they are kept already."""
        with database.writing(self.path) as db:
            n = find(db, id)["n"]
            kept = {message.text for message in _messages(db, n)}
            texts = [text for text in (without_urls(text, delivery) for text in delivery.messages) if text not in kept]
            _keep_messages(db, n, texts, situation, at)

    def account(self, id: str, *, now: datetime) -> Account:
        """All that is kept of one delivery, for the record."""
        with database.reading(self.path) as db:
            row = find(db, id)
            n = row["n"]
            return Account(
                delivery_from(db, row), line(row, now), _messages(db, n), _events(db, n),
                findings_from(db, n, waived=True), row["tool_version"],
            )  # fmt: skip

    def events(self, id: str) -> tuple[Event, ...]:
        """What happened to it since, in order."""
        with database.reading(self.path) as db:
            return _events(db, find(db, id)["n"])


def _messages(db: sqlite3.Connection, n: int) -> tuple[KeptMessage, ...]:
    rows = db.execute("SELECT * FROM message WHERE delivery = ? ORDER BY position", (n,))
    return tuple(kept_message(row) for row in rows)


def _events(db: sqlite3.Connection, n: int) -> tuple[Event, ...]:
    return tuple(event(row) for row in db.execute("SELECT * FROM event WHERE delivery = ? ORDER BY at, n", (n,)))


def _need(db: sqlite3.Connection, n: int, until: int | None) -> None:
    """Links were signed up to ``until``: the objects are needed as long, or longer where they are already."""
    if until is not None:
        db.execute("UPDATE delivery SET needed_until = max(coalesce(needed_until, ?1), ?1) WHERE n = ?2", (until, n))


def _keep_messages(db: sqlite3.Connection, n: int, texts: Sequence[str], situation: str, at: datetime) -> None:
    first = db.execute("SELECT coalesce(max(position), -1) + 1 FROM message WHERE delivery = ?", (n,)).fetchone()[0]
    rows: Iterator[tuple[int, int, int, str, str]] = (
        (n, position, seconds(at), situation, text) for position, text in enumerate(texts, start=first)
    )
    db.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?)", rows)


def _keep_event(db: sqlite3.Connection, n: int, at: datetime, kind: str, detail: dict[str, object]) -> None:
    text = json.dumps(detail, ensure_ascii=False)
    db.execute("INSERT INTO event (delivery, at, kind, detail) VALUES (?, ?, ?, ?)", (n, seconds(at), kind, text))
