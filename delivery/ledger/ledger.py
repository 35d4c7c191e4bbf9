"""What was delivered, to whom and how: kept for later messages, new links and disputes. No urls, no secrets."""

from __future__ import annotations

import difflib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from delivery._version import __version__
from delivery.errors import UsageError
from delivery.ledger import database
from delivery.ledger.rows import (
    delivery_from,
    file_rows,
    finding_rows,
    findings_from,
    from_seconds,
    member_rows,
    part_rows,
    profile_json,
    seconds,
    without_urls,
)
from delivery.model import Delivery, Finding, Method, StoredObject

if TYPE_CHECKING:
    from delivery.ledger.account import Account

SOON = timedelta(hours=24)
"""Links that end within this time are expiring."""
_NEAREST = 5
_SEARCHED = 2000
"""How many of the latest ids an unknown one is compared with."""


class State(StrEnum):
    """Where a delivery stands at a given time."""

    ATTACHED = "attached"
    """Only attachments: nothing ends."""
    LIVE = "live"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """Links whose end is not known."""


@dataclass(frozen=True, slots=True)
class Record:
    """One delivery in a list."""

    id: str
    created_at: datetime
    name: str
    order: str | None
    platform: str
    method: Method
    language: str
    store: str | None
    files: int
    size: int
    messages: int
    expires_at: datetime | None
    revoked_at: datetime | None
    pruned_at: datetime | None
    """When its objects were removed from the store."""
    revision_of: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a delivery after it was made."""

    at: datetime
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A text as it was composed, with ``{link:NAME}`` where a url stood."""

    at: datetime
    situation: str
    text: str


_COLUMNS = (
    "id, created_at, created_us, name, order_label, platform, method, language, store, file_count, size, message_count,"
    " expires_at, revoked_at, pruned_at, revision_of"
)


class Ledger:
    """The record of deliveries in ``folder``. Each call opens the database and closes it; runs may overlap freely."""

    def __init__(self, folder: Path) -> None:
        self.path = Path(folder) / "ledger.sqlite3"

    def record(self, delivery: Delivery, *, waived: Iterable[Finding] = (), revision_of: str | None = None) -> None:
        """Keep ``delivery``, whole or not at all. ``waived`` are the findings that the user allowed.

        Raises LocalError when it cannot be written, UsageError when the id is kept already.
        """
        with database.opened(self.path) as db, database.transaction(db):
            try:
                n = self._insert(db, delivery, revision_of)
            except sqlite3.IntegrityError as error:
                raise UsageError(
                    f"the delivery {delivery.id} is in the record already", code="known-delivery"
                ) from error
            db.executemany("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", file_rows(n, delivery))
            db.executemany("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", part_rows(n, delivery))
            db.executemany("INSERT INTO member VALUES (?, ?, ?, ?)", member_rows(n, delivery))
            db.executemany("INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?)", finding_rows(n, delivery, waived))
            texts = [without_urls(text, delivery) for text in delivery.messages]
            _keep_messages(db, n, texts, "delivery", delivery.created_at)

    @staticmethod
    def _insert(db: sqlite3.Connection, delivery: Delivery, revision_of: str | None) -> int:
        ends = [link.expires_at for link in (*delivery.links, *((delivery.page,) if delivery.page else ()))]
        known = [end for end in ends if end is not None]
        end = delivery.expires_at or (min(known) if known and len(known) == len(ends) else None)
        row = {
            "id": delivery.id,
            "created_at": seconds(delivery.created_at),
            "created_us": delivery.created_at.microsecond,
            "name": delivery.plan.deliverable.name,
            "order_label": delivery.order,
            "platform": delivery.plan.profile.name,
            "method": delivery.method.value,
            "language": delivery.language,
            "store": delivery.store,
            "prefix": delivery.prefix,
            "out_folder": delivery.out,
            "manifest": delivery.manifest.path,
            "message_count": delivery.plan.messages,
            "file_count": len(delivery.files),
            "size": sum(entry.size for entry in delivery.files),
            "expires_at": None if end is None else seconds(end),
            "revoked_at": None,
            "pruned_at": None,
            "revision_of": revision_of,
            "tool_version": __version__,
            "profile": profile_json(delivery.plan.profile),
            "reasons": json.dumps(delivery.plan.reasons, ensure_ascii=False),
            "notes": json.dumps(delivery.notes, ensure_ascii=False),
        }
        cursor = db.execute(
            f"INSERT INTO delivery ({', '.join(row)}) VALUES ({', '.join(':' + name for name in row)})",  # noqa: S608
            row,
        )
        return int(cursor.lastrowid or 0)

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
    ) -> list[Record]:
        """The deliveries that match, the latest first. Raises UsageError for an unknown state."""
        clauses: list[str] = []
        values: dict[str, str | int] = {"now": seconds(now), "soon": seconds(now + SOON)}
        if order is not None:
            clauses.append("order_label = :order")
            values["order"] = order
        if platform is not None:
            clauses.append("platform = :platform")
            values["platform"] = platform
        if since is not None:
            clauses.append("created_at >= :since")
            values["since"] = seconds(since)
        if until is not None:
            clauses.append("created_at <= :until")
            values["until"] = seconds(until)
        if state is not None:
            clauses.append(_STATES[_state(state)])
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        values["limit"] = -1 if limit is None else limit
        query = f"SELECT {_COLUMNS} FROM delivery {where} ORDER BY created_at DESC, n DESC LIMIT :limit"  # noqa: S608
        with database.opened(self.path) as db:
            return [_record(row, now) for row in db.execute(query, values)]

    def ending(self, *, within: timedelta, now: datetime) -> tuple[Record, ...]:
        """The deliveries whose links end from ``now`` on within ``within``, the next one first."""
        query = (
            f"SELECT {_COLUMNS} FROM delivery WHERE expires_at > ? AND expires_at <= ? AND revoked_at IS NULL"  # noqa: S608
            " ORDER BY expires_at, n"
        )
        with database.opened(self.path) as db:
            rows = db.execute(query, (seconds(now), seconds(now + within)))
            return tuple(_record(row, now) for row in rows)

    def load(self, id: str) -> Delivery:
        """The delivery with ``id`` or a unique beginning of it, its links without urls.

        Raises UsageError (``unknown-delivery``, ``ambiguous-delivery``).
        """
        with database.opened(self.path) as db:
            return delivery_from(db, self._find(db, id))

    def get(self, id: str, *, now: datetime) -> Record:
        """The line of :meth:`list` for one delivery. Raises UsageError as :meth:`load` does."""
        with database.opened(self.path) as db:
            return _record(self._find(db, id), now)

    def renewed(self, id: str, *, until: datetime | None, at: datetime, names: Sequence[str] = ()) -> None:
        """Keep that links were signed again and when they end now; ``names`` none: all of them."""
        end = None if until is None else seconds(until)
        with database.opened(self.path) as db, database.transaction(db):
            n = self._find(db, id)["n"]
            if names:
                marks = ", ".join("?" * len(names))
                query = f"UPDATE part SET expires_at = ? WHERE delivery = ? AND name IN ({marks})"  # noqa: S608
                db.execute(query, (end, n, *names))
            else:
                db.execute("UPDATE part SET expires_at = ? WHERE delivery = ? AND role <> 'attachment'", (end, n))
            db.execute("UPDATE delivery SET expires_at = ? WHERE n = ?", (end, n))
            _keep_event(db, n, at, "renewed", {"until": end, "names": list(names)})

    def revoked(self, id: str, *, at: datetime) -> None:
        """Keep that the links were ended."""
        with database.opened(self.path) as db, database.transaction(db):
            n = self._find(db, id)["n"]
            db.execute("UPDATE delivery SET revoked_at = ? WHERE n = ?", (seconds(at), n))
            _keep_event(db, n, at, "revoked", {})

    def pruned(self, ids: Iterable[str], *, at: datetime) -> None:
        """Keep that the objects of these deliveries are gone from their store."""
        with database.opened(self.path) as db, database.transaction(db):
            for id in ids:
                n = self._find(db, id)["n"]
                db.execute("UPDATE delivery SET pruned_at = ? WHERE n = ?", (seconds(at), n))
                _keep_event(db, n, at, "pruned", {})

    def uploaded(self, store: str, *, limit: int = 500) -> tuple[StoredObject, ...]:
        """The latest files that went to ``store`` and should still be there, with their digests as ``sha256:...``."""
        query = (
            "SELECT place, part.size AS size, sha256 FROM part JOIN delivery ON n = delivery "
            "WHERE store = ? AND role = 'link' AND revoked_at IS NULL AND pruned_at IS NULL ORDER BY n DESC LIMIT ?"
        )
        with database.opened(self.path) as db:
            rows = db.execute(query, (store, limit))
            return tuple(StoredObject(row["place"], row["size"], f"sha256:{row['sha256'].hex()}") for row in rows)

    def wrote(self, id: str, delivery: Delivery, *, situation: str, at: datetime) -> None:
        """Keep the texts of ``delivery.messages``, composed later than it was made, unless they are kept already."""
        kept = {message.text for message in self.messages(id)}
        texts = [text for text in (without_urls(text, delivery) for text in delivery.messages) if text not in kept]
        if not texts:
            return
        with database.opened(self.path) as db, database.transaction(db):
            _keep_messages(db, self._find(db, id)["n"], texts, situation, at)

    def account(self, id: str, *, now: datetime) -> Account:
        """All that is kept of one delivery, for the record."""
        from delivery.ledger.account import Account

        with database.opened(self.path) as db:
            row = self._find(db, id)
            waived = findings_from(db, row["n"], waived=True)
            delivery = delivery_from(db, row)
        messages, events = self.messages(row["id"]), self.events(row["id"])
        return Account(delivery, _record(row, now), messages, events, waived, row["tool_version"])

    def messages(self, id: str) -> tuple[KeptMessage, ...]:
        """Every text that was composed for it, in order."""
        with database.opened(self.path) as db:
            rows = db.execute("SELECT * FROM message WHERE delivery = ? ORDER BY position", (self._find(db, id)["n"],))
            return tuple(KeptMessage(from_seconds(row["composed_at"]), row["situation"], row["text"]) for row in rows)

    def events(self, id: str) -> tuple[Event, ...]:
        """What happened to it since, in order."""
        with database.opened(self.path) as db:
            rows = db.execute("SELECT * FROM event WHERE delivery = ? ORDER BY at, n", (self._find(db, id)["n"],))
            return tuple(Event(from_seconds(row["at"]), row["kind"], row["detail"]) for row in rows)

    def _find(self, db: sqlite3.Connection, id: str) -> sqlite3.Row:
        exact: sqlite3.Row | None = db.execute("SELECT * FROM delivery WHERE id = ?", (id,)).fetchone()
        if exact is not None:
            return exact
        after = id[:-1] + chr(ord(id[-1]) + 1) if id and ord(id[-1]) < 0x10FFFF else None
        rows = db.execute(
            "SELECT * FROM delivery WHERE id >= ? AND id < ? LIMIT ?", (id, after, _NEAREST + 1)
        ).fetchall() if after else []  # fmt: skip
        if len(rows) == 1:
            found: sqlite3.Row = rows[0]
            return found
        if rows:
            shown = ", ".join(row["id"] for row in rows[:_NEAREST])
            raise UsageError(
                f"several deliveries begin with {id!r}",
                hint=f"give more of it: {shown}" + (" ..." if len(rows) > _NEAREST else ""),
                code="ambiguous-delivery",
            )
        latest = [
            row["id"] for row in db.execute("SELECT id FROM delivery ORDER BY created_at DESC LIMIT ?", (_SEARCHED,))
        ]
        near = difflib.get_close_matches(id, latest, n=_NEAREST, cutoff=0.5) or latest[:_NEAREST]
        raise UsageError(
            f"there is no delivery {id!r} in the record",
            hint=f"nearest: {', '.join(near)}; `delivery list` shows all" if near else "nothing has been delivered yet",
            code="unknown-delivery",
        )


_STATES = {
    State.ATTACHED: "method = 'attach' AND revoked_at IS NULL",
    State.LIVE: "method = 'link' AND revoked_at IS NULL AND expires_at > :soon",
    State.EXPIRING: "method = 'link' AND revoked_at IS NULL AND expires_at > :now AND expires_at <= :soon",
    State.EXPIRED: "method = 'link' AND revoked_at IS NULL AND expires_at <= :now",
    State.REVOKED: "revoked_at IS NOT NULL",
    State.UNKNOWN: "method = 'link' AND revoked_at IS NULL AND expires_at IS NULL",
}


def _state(text: State | str) -> State:
    try:
        return State(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a state of a delivery", hint=f"one of: {', '.join(State)}", code="unknown-state"
        ) from None


def _record(row: sqlite3.Row, now: datetime) -> Record:
    method = Method(row["method"])
    end = row["expires_at"]
    if row["revoked_at"] is not None:
        state = State.REVOKED
    elif method is Method.ATTACH:
        state = State.ATTACHED
    elif end is None:
        state = State.UNKNOWN
    elif end <= seconds(now):
        state = State.EXPIRED
    else:
        state = State.EXPIRING if end <= seconds(now + SOON) else State.LIVE
    return Record(
        id=row["id"],
        created_at=from_seconds(row["created_at"], row["created_us"]),
        name=row["name"],
        order=row["order_label"],
        platform=row["platform"],
        method=method,
        language=row["language"],
        store=row["store"],
        files=row["file_count"],
        size=row["size"],
        messages=row["message_count"],
        expires_at=None if end is None else from_seconds(end),
        revoked_at=None if row["revoked_at"] is None else from_seconds(row["revoked_at"]),
        pruned_at=None if row["pruned_at"] is None else from_seconds(row["pruned_at"]),
        revision_of=row["revision_of"],
        state=state,
    )


def _keep_messages(db: sqlite3.Connection, n: int, texts: Sequence[str], situation: str, at: datetime) -> None:
    first = db.execute("SELECT coalesce(max(position), -1) + 1 FROM message WHERE delivery = ?", (n,)).fetchone()[0]
    rows: Iterator[tuple[int, int, int, str, str]] = (
        (n, position, seconds(at), situation, text) for position, text in enumerate(texts, start=first)
    )
    db.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?)", rows)


def _keep_event(db: sqlite3.Connection, n: int, at: datetime, kind: str, detail: dict[str, object]) -> None:
    text = json.dumps(detail, ensure_ascii=False)
    db.execute("INSERT INTO event (delivery, at, kind, detail) VALUES (?, ?, ?, ?)", (n, seconds(at), kind, text))
