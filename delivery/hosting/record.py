"""What the bucket itself remembers of a standing delivery: where its objects lie, what was sent, and when it ends.

A small private object of JSON under ``standing/``. It holds keys and digests, but no url and no credential, so that any
machine that may use the bucket can go on with the delivery, or remove it after its time.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from delivery.errors import StoreRefusedError, StoreUnreachableError, UsageError
from delivery.hosting.bodies import MemoryBody
from delivery.hosting.fields import document, moment, moment_or_none, text
from delivery.hosting.journal import KEPT, Journal
from delivery.hosting.names import new_token, own_place
from delivery.hosting.pace import Pace
from delivery.model import Delivery
from delivery.progress import CancelToken
from delivery.storage.base import TAG, ObjectHeaders, Store
from delivery.storage.faults import ObjectExistsError, ObjectGoneError

FOLDER = "standing/"
CLAIM = timedelta(minutes=5)
"""How long a run that has died holds others off: one that lives writes its record anew before that."""
TRIES = 5
"""How often a record that others change meanwhile is read and written again."""
_VERSION = 1
_LARGEST = 64 * 1024**2
_HEADERS = ObjectHeaders("application/json", 'attachment; filename="standing.json"', "private, no-store")
_TIMES = ("touched_at", "links_end", "keep_until", "claimed_until")


class Standing(NamedTuple):
    """One record."""

    id: str
    prefix: str
    """The delivery's own, under which all of its objects lie."""
    touched_at: datetime
    links_end: datetime | None = None
    """The latest of all that were ever signed: a later link may end before an earlier one."""
    keep_until: datetime | None = None
    """What ``--retain`` promised."""
    claimed_by: str = ""
    """The run that works on it now, by a random word of its own."""
    claimed_until: datetime | None = None
    journal: tuple[dict[str, Any], ...] = ()
    """Lines of a :class:`~delivery.hosting.journal.Journal`."""

    def claimed(self, now: datetime) -> bool:
        """Whether a run works on it that has not died."""
        return bool(self.claimed_by) and self.claimed_until is not None and self.claimed_until > now

    def in_use(self, now: datetime) -> bool:
        """Whether a run works on it, or did until lately."""
        return self.claimed(now) or self.touched_at > now - KEPT

    def is_over(self, now: datetime, after: timedelta) -> bool:
        """Whether its objects may go: its own time and its links have ended; without such a time, ``after`` ago."""
        if self.claimed(now):
            return False
        if self.keep_until is not None:
            return max(self.keep_until, self.links_end or self.keep_until) <= now
        return self.touched_at <= now - KEPT if self.links_end is None else self.links_end <= now - after

    def needed(self, until: datetime) -> Standing:
        """With links that live up to ``until``."""
        return self._replace(
            links_end=max(until, self.links_end or until),
            keep_until=self.keep_until and max(until, self.keep_until),
        )


class Found(NamedTuple):
    """A record as it lies in the store."""

    record: Standing
    etag: str
    age: timedelta | None
    """Since it was written, by the store's own clock."""

    def claimed(self, now: datetime) -> bool:
        """As of the record; where the store tells the time, no clock of another machine counts, and ``now`` neither."""
        if self.age is None:
            return self.record.claimed(now)
        return bool(self.record.claimed_by) and self.age < CLAIM


def place_of(store: Store, id: str) -> str:
    """The beginning of the keys of all records of ``id``."""
    return f"{store.prefix}{FOLDER}{hashlib.sha256(id.encode()).hexdigest()}"


def read(store: Store, key: str) -> Found | None:
    """The record under ``key``; None when there is none that can be read."""
    found = store.look(key)
    if found is None or found.stored.size > _LARGEST:
        return None
    try:
        return Found(parse(b"".join(store.read(key)), store.prefix), found.etag, found.age)
    except (ObjectGoneError, ValueError):
        return None


def parse(data: bytes, store_prefix: str) -> Standing:
    """Raises ValueError for what is no record of ours, or speaks of keys outside of its own place."""
    row = document(data)
    prefix, lines = text(row, "prefix"), row.get("journal")
    if row.get("standing") != _VERSION:
        raise ValueError("a later version")
    if own_place(prefix, store_prefix) != prefix:
        raise ValueError("the place of others")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise ValueError("no journal")
    reader = Journal(prefix)
    for line in lines:
        reader.take(line)
    return Standing(
        text(row, "id"),
        prefix,
        moment(row, "touched_at"),
        moment_or_none(row, "links_end"),
        moment_or_none(row, "keep_until"),
        text(row, "claimed_by"),
        moment_or_none(row, "claimed_until"),
        tuple(lines),
    )


def text_of(record: Standing) -> bytes:
    row = {"standing": _VERSION, **record._asdict()}
    for name in _TIMES:
        row[name] = row[name] and row[name].astimezone(UTC).isoformat()
    return json.dumps(row).encode()


def put(store: Store, key: str, record: Standing, *, new: bool = False, over: str | None = None) -> str:
    """Store ``record``; its ETag. Raises ObjectExistsError where the store can refuse and another run was quicker."""
    data = text_of(record)
    body = MemoryBody(
        memoryview(data), lambda count: None, Pace(None, CancelToken()), sha256=hashlib.sha256(data).hexdigest()
    )
    metadata = {TAG: secrets.token_hex(16)}
    try:
        return store.put(key, body, _HEADERS, metadata=metadata, new=new, over=over)
    except ObjectExistsError:
        there = store.look(key) if over is not None else None
        if there is None or there.etag != over:
            raise
        # What it refuses to replace is the very one: some cannot compare, as Ceph where it keeps versions.
        return store.put(key, body, _HEADERS, metadata=metadata)


def standing_of(store: Store, id: str | None = None) -> dict[str, Standing]:
    """The records of the bucket, or those of ``id``, by their keys. None where the key may not list them."""
    place = f"{store.prefix}{FOLDER}" if id is None else place_of(store, id)
    found: dict[str, Standing] = {}
    with suppress(StoreRefusedError):
        for item, _ in store.keys(place):
            kept = read(store, item.key)
            if kept is not None:
                found[item.key] = kept.record
    return found


def refuse_others(store: Store, delivery: Delivery) -> None:
    """What this machine knows would be written over the page and the manifest of what a later run delivered."""
    ours = {link.key: link.sha256 for link in delivery.links}
    for standing in standing_of(store, delivery.id).values():
        if standing.prefix == delivery.prefix and standing.journal:
            if ours == {line["done"]: line["sha256"] for line in standing.journal if "done" in line}:
                return
            raise UsageError(
                f"{delivery.id} was made again elsewhere: the store holds other files now than this machine delivered",
                hint=f"renew it on the machine that made it last, or make it again here with --id {delivery.id}",
                code="made-again-elsewhere",
            )


def of_unknown_end() -> datetime:
    """Up to when the objects of links that nobody knows the end of are needed, as far as that can be said."""
    return datetime.now(UTC) + KEPT


def seize(store: Store, keys: Iterable[str]) -> None:
    """Claim records of a delivery that ends now, whoever holds them: a run that works on it finds it taken, and ends.

    Raises StoreUnreachableError where that does not succeed.
    """
    claim: dict[str, Any] = {"claimed_by": new_token(), "claimed_until": datetime.now(UTC) + CLAIM}
    for key in keys:
        _change(store, key, lambda kept: kept._replace(**claim))


def _change(store: Store, key: str, change: Callable[[Standing], Standing]) -> None:
    """Write the record under ``key`` changed, if it is there."""
    for _ in range(TRIES):
        found = read(store, key)
        if found is None or (fresh := change(found.record)) == found.record:
            return
        with suppress(ObjectExistsError, ObjectGoneError):  # it is read again, which shows too what others undid
            put(store, key, fresh, over=found.etag)
    raise StoreUnreachableError(
        "the record of this delivery was changed by others each time that it was to be written",
        hint="run the same command again",
    )


def forget(store: Store, keys: Iterable[str]) -> None:
    """Remove records whose objects are gone."""
    store.delete(list(keys))
