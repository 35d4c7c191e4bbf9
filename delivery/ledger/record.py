"""What the ledger tells of a delivery: its line in a list, its state, its texts, its later events, all together."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from delivery.model import Delivery, Finding, Method

SOON = timedelta(hours=24)
"""Links that end within this time are expiring."""


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


class Record(NamedTuple):
    """One delivery in a list."""

    id: str
    created_at: datetime
    name: str
    order: str | None
    platform: str
    method: Method
    store: str | None
    files: int
    size: int
    messages: int
    expires_at: datetime | None
    revoked_at: datetime | None
    pruned_at: datetime | None
    """When its objects were removed from the store."""
    revision_of: str | None
    situation: str | None
    """What its message was for; None where an earlier version kept it."""
    state: State

    def until(self, signed: datetime | None) -> datetime | None:
        """When a link that is signed up to ``signed`` ends: at the latest when its object left the store."""
        ends = (end for end in (signed, self.revoked_at, self.pruned_at) if end is not None)
        return min(ends, default=None)


class Event(NamedTuple):
    """Something that happened to a delivery after it was made."""

    at: datetime
    kind: str
    detail: str


class KeptMessage(NamedTuple):
    """A text as it was composed, with ``{link:NAME}`` where a url stood."""

    at: datetime
    situation: str
    text: str


class Account(NamedTuple):
    """Everything that the ledger keeps of one delivery."""

    delivery: Delivery
    record: Record
    messages: tuple[KeptMessage, ...]
    events: tuple[Event, ...]
    waived: tuple[Finding, ...]
    tool_version: str
