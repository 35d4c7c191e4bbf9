"""What rows say: a line of the list with its state at a given time, a text, an event, an object in the store."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from delivery.errors import UsageError
from delivery.ledger.damage import checked
from delivery.ledger.record import SOON, Event, KeptMessage, Record, State
from delivery.ledger.rows import from_seconds, seconds
from delivery.model import Method, StoredObject

COLUMNS = (
    "id, created_at, created_us, name, order_label, platform, method, store, file_count, size, message_count,"
    " expires_at, revoked_at, pruned_at, revision_of, situation"
)
_CONDITIONS = {
    State.ATTACHED: "method = 'attach' AND revoked_at IS NULL",
    State.LIVE: "method = 'link' AND revoked_at IS NULL AND expires_at > :soon",
    State.EXPIRING: "method = 'link' AND revoked_at IS NULL AND expires_at > :now AND expires_at <= :soon",
    State.EXPIRED: "method = 'link' AND revoked_at IS NULL AND expires_at <= :now",
    State.REVOKED: "revoked_at IS NOT NULL",
    State.UNKNOWN: "method = 'link' AND revoked_at IS NULL AND expires_at IS NULL",
}


def in_state(text: State | str) -> str:
    """The condition that deliveries in this state meet, for ``:now`` and ``:soon``. Raises UsageError if unknown."""
    return _CONDITIONS[_state(text)]


def _state(text: State | str) -> State:
    try:
        return State(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a state of a delivery", hint=f"one of: {', '.join(State)}", code="unknown-state"
        ) from None


@checked
def line(row: sqlite3.Row, now: datetime) -> Record:
    """A row with at least ``COLUMNS``, and its state at ``now``."""
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
        store=row["store"],
        files=int(row["file_count"]),
        size=int(row["size"]),
        messages=int(row["message_count"]),
        expires_at=None if end is None else from_seconds(end),
        revoked_at=None if row["revoked_at"] is None else from_seconds(row["revoked_at"]),
        pruned_at=None if row["pruned_at"] is None else from_seconds(row["pruned_at"]),
        revision_of=row["revision_of"],
        situation=row["situation"],
        state=state,
    )


@checked
def last_end(row: sqlite3.Row) -> datetime | None:
    """The latest end of all links of a whole row that were ever signed, as far as it is known."""
    end = row["expires_at"] if row["needed_until"] is None else row["needed_until"]
    return None if end is None else from_seconds(end)


@checked
def stored(row: sqlite3.Row) -> StoredObject:
    return StoredObject(row["place"], int(row["size"]), f"sha256:{row['sha256'].hex()}", row["etag"])


@checked
def kept_message(row: sqlite3.Row) -> KeptMessage:
    return KeptMessage(from_seconds(row["composed_at"]), row["situation"], row["text"])


@checked
def event(row: sqlite3.Row) -> Event:
    if not isinstance(json.loads(row["detail"]), dict):
        raise ValueError("an event without its facts")
    return Event(from_seconds(row["at"]), row["kind"], row["detail"])
