"""What is done with a delivery after it was made: its message again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from delivery import hosting, message, places, storage
from delivery.config import Settings
from delivery.errors import UsageError
from delivery.handover import zone_of
from delivery.hosting import Uploaded
from delivery.ledger import Ledger
from delivery.model import Delivery, Link, StoredObject
from delivery.progress import CancelToken, Progress
from delivery.units import format_utc


def compose_message(
    id: str,
    *,
    language: str | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> Delivery:
    """The delivery ``id``, its messages composed again in ``language``, its links signed again up to their old end.

    Raises UsageError for an unknown id or language, and when the links have expired.
    """
    settings, now = settings or Settings.load(), now or datetime.now(UTC)
    kept = Ledger(places.data_dir()).load(id)
    again = replace(kept, language=language or kept.language)
    if again.store is not None:
        again = _signed_again(again, settings, now)
    zone = zone_of(settings, again.expires_at or now)
    return replace(again, messages=message.compose(again, options=settings.message, zone=zone, now=now))


def _signed_again(kept: Delivery, settings: Settings, now: datetime) -> Delivery:
    if kept.expires_at is None or kept.expires_at <= now:
        ended = f"ended at {format_utc(kept.expires_at)}" if kept.expires_at else "have no known end"
        raise UsageError(f"the links of {kept.id} {ended}", hint=f"delivery renew {kept.id}", code="links-expired")
    assert kept.store is not None
    store = storage.open_store(kept.store, settings, until=kept.expires_at)
    signed = hosting.sign(store, list(as_uploaded(kept)), expires_in=kept.expires_at - now, now=now)
    return replace(kept, links=signed)


def as_uploaded(kept: Delivery) -> Iterator[Uploaded]:
    """The linked objects of a delivery as hosting knew them when it had sent them."""
    types = {entry.arcname: entry.media_type for entry in kept.files}
    for link in kept.links:
        yield Uploaded(
            StoredObject(link.key, link.size), link.name, link.sha256, _media_type(link, types), False, link.members
        )


def _media_type(link: Link, types: dict[str, str]) -> str:
    if len(link.members) == 1 and link.members[0].endswith(link.name):
        return types.get(link.members[0], "application/octet-stream")
    return "application/zip"
