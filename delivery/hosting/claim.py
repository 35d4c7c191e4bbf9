"""How a run comes to hold a standing delivery: by writing its own word into the record, over what it has read there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from delivery.hosting import record
from delivery.hosting.names import new_token
from delivery.hosting.record import Found, Standing
from delivery.progress import Progress
from delivery.storage.base import Store
from delivery.storage.faults import ObjectExistsError


def claim_place(store: Store, id: str, keep_until: datetime | None, progress: Progress) -> tuple[str, Standing, str]:
    """The key, record and ETag of ``id``'s place, ours now; of another one while a run works there."""
    now, us = datetime.now(UTC), new_token()
    key = f"{record.place_of(store, id)}.json"
    fresh = Standing(id, f"{store.prefix}{new_token()}/", now, None, keep_until, us, now + record.CLAIM)
    found = record.read(store, key)
    if found is None or not found.claimed(now):
        ours = fresh
        if found is not None:
            ours = fresh._replace(
                prefix=found.record.prefix, links_end=found.record.links_end, journal=found.record.journal
            )
        if (etag := write_claim(store, key, ours, found)) is not None:
            return key, ours, etag
    progress.note(f"another run works on {id} now: this one gets a place of its own")
    key = f"{record.place_of(store, id)}-{us}.json"
    return key, fresh, record.put(store, key, fresh, new=True)


def write_claim(store: Store, key: str, ours: Standing, over: Found | None) -> str | None:
    """The ETag of ``ours``, written in the place of what was found; None where another run was quicker."""
    try:
        etag = record.put(store, key, ours, new=over is None, over=over.etag if over else None)
    except ObjectExistsError:
        again = record.read(store, key)
        if again is None:  # something lies there that is no record
            return record.put(store, key, ours)
        etag = again.etag  # where it was written, and only the answer was lost
    else:
        # Where the store overwrites whatever it is told to, the last one has it.
        again = None if store.quirks.conditional_put else record.read(store, key)
    return etag if again is None or again.record.claimed_by == ours.claimed_by else None


def take_over(store: Store, key: str, *, after: timedelta, now: datetime) -> bool:
    """Claim a delivery that is past its end, to remove it; False where a run has come back to it meanwhile."""
    found = record.read(store, key)
    if found is None or found.claimed(now) or not found.record.is_over(now, after):
        return False
    ours = found.record._replace(claimed_by=new_token(), claimed_until=datetime.now(UTC) + record.CLAIM)
    try:
        record.put(store, key, ours, over=found.etag)
    except ObjectExistsError:
        return False
    return True
