"""What is done with a delivery's links and objects later: renewed, revoked, tidied up; and the store examined."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from delivery import hosting, message, places, storage
from delivery.afterwards import as_parts, as_uploaded, refuse_gone
from delivery.config import Settings
from delivery.errors import ConfigError, StoreRefusedError, UsageError
from delivery.handover import put_manifest
from delivery.ledger import Ledger, State
from delivery.model import Delivery, Link
from delivery.options import StoreOptions
from delivery.progress import CancelToken, NullProgress, Progress
from delivery.surroundings import zone_of


def renew(
    id: str,
    *,
    expires: timedelta | None = None,
    language: str | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> Delivery:
    """Sign the links of ``id`` again for ``expires`` from now (default: as configured); nothing is uploaded again.

    Each link is opened once before it is handed out, the message that brings it is composed in ``language``,
    and both are recorded.
    Raises UsageError for an unknown, attached or revoked delivery, StoreRefusedError when its objects are gone.
    """
    settings, now, cancel = settings or Settings.load(), now or datetime.now(UTC), cancel or CancelToken()
    ledger = Ledger(places.data_dir())
    kept = _linked(ledger, id, now)
    kept = replace(kept, language=language or kept.language)
    message.check_templates(kept, options=settings.message, zone=zone_of(settings, now), now=now)
    life = expires or settings.delivery.expires
    assert kept.store is not None
    store = storage.open_store(kept.store, settings, until=now + life)
    hosting.check_life(store, life, now=now)
    signed = hosting.sign(store, list(as_uploaded(kept)), expires_in=life, now=now)
    for link in signed:
        if link.expires_at is not None:
            storage.keep_until(kept.store, link.expires_at)
    hosting.try_links(signed, cancel=cancel)
    assert kept.prefix is not None
    listed = put_manifest(
        store, kept.prefix, kept.plan.deliverable.name, kept.files, as_parts(kept), signed, expires_in=life, now=now,
        cancel=cancel,
    )  # fmt: skip
    again = replace(
        kept,
        links=signed,
        manifest=replace(kept.manifest, url=listed.url),
        expires_at=_first_end(signed),
        notes=(store.notice,) if store.notice else (),
    )
    if kept.page is not None:
        again = replace(again, page=hosting.republish(store, again, expires_in=life, now=now, cancel=cancel))
    zone = zone_of(settings, again.expires_at or now)
    texts = message.compose(again, options=settings.message, zone=zone, now=now, situation=message.Situation.RENEWED)
    again = replace(again, messages=texts, notes=(*again.notes, *message.warnings(texts, again.plan.profile)))
    ledger.renewed(kept.id, until=again.expires_at, at=now)
    ledger.wrote(kept.id, again, situation="renewed", at=now)
    return again


def revoke(
    id: str,
    *,
    settings: Settings | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> hosting.Revoked:
    """End the links of ``id`` now: its objects are removed, versions too, and its links are tried and found dead.

    Raises UsageError for an unknown or attached delivery, IntegrityError when a link cannot be proven dead.
    """
    settings, now = settings or Settings.load(), now or datetime.now(UTC)
    ledger = Ledger(places.data_dir())
    kept = _linked(ledger, id, now, revoked_too=True)
    assert kept.store is not None and kept.prefix is not None
    store = storage.open_store(kept.store, settings, until=now)
    links = [*kept.links, *([kept.page] if kept.page else [])]
    done = hosting.revoke(store, kept.prefix, [link.key for link in links], progress=progress, cancel=cancel)
    ledger.revoked(kept.id, at=now)
    return done


@dataclass(frozen=True, slots=True)
class PrunedStore:
    """What :func:`prune` removed from one store, or would."""

    store: str
    pruned: hosting.Pruned


def prune(
    *,
    after: timedelta = timedelta(days=7),
    store: str | None = None,
    dry_run: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> tuple[PrunedStore, ...]:
    """Remove the objects of deliveries whose links ended more than ``after`` ago, and leftovers of broken uploads.

    Every store that the ledger names is visited, or ``store`` alone. Until then `renew` can bring the links back.
    """
    settings, now = settings or Settings.load(), now or datetime.now(UTC)
    ledger = Ledger(places.data_dir())
    ended: dict[str, list[hosting.Ended]] = defaultdict(list)
    for record in ledger.list(now=now):
        if record.store is None or record.pruned_at is not None or (store is not None and record.store != store):
            continue
        found = ended[record.store]
        over = record.expires_at is not None and record.expires_at + after <= now
        if over or record.state is State.REVOKED:
            prefix = ledger.load(record.id).prefix
            found += [hosting.Ended(prefix, record.id)] if prefix else []
    if store is not None:
        ended.setdefault(store, [])
    done = []
    for name, gone in ended.items():
        try:
            opened = storage.open_store(name, settings, until=now)
        except (ConfigError, StoreRefusedError) as error:
            if store is not None:
                raise
            (progress or NullProgress()).note(f"the store {name} is left as it is: {error}")
            continue
        removed = hosting.prune(opened, gone, now=now, dry_run=dry_run, progress=progress, cancel=cancel)
        if not dry_run:
            ledger.pruned(removed.labels, at=now)
        done.append(PrunedStore(name, removed))
    return tuple(done)


def doctor(
    *,
    store: str | None = None,
    fix: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> hosting.Report:
    """Try the configured store, or ``store``, for real. Raises ConfigError, and StoreRefusedError without keys."""
    settings, now = settings or Settings.load(), now or datetime.now(UTC)
    name = store or settings.delivery.store
    opened = storage.open_store(name, settings, until=now + timedelta(minutes=5))
    keep = settings.stores.get(name, StoreOptions()).keep
    return hosting.examine(
        opened, expires_in=settings.delivery.expires, keep=keep, fix=fix, progress=progress, cancel=cancel
    )


def policy(*, store: str | None = None, settings: Settings | None = None) -> dict[str, Any]:
    """The smallest IAM policy that suffices for the configured store, or ``store``. Raises ConfigError."""
    settings = settings or Settings.load()
    name = store or settings.delivery.store
    options = settings.stores.get(name)
    if options is None or not options.bucket:
        raise ConfigError(
            f"{name!r} is no configured store with a bucket",
            hint="configure one with: delivery init",
            code="store-unknown",
        )
    return hosting.smallest_policy(options.bucket, storage.key_prefix(options.prefix))


def abort(
    *,
    store: str | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> hosting.Pruned:
    """Give up every unfinished upload to the configured store, or ``store``: what was sent in part is removed."""
    settings, now = settings or Settings.load(), now or datetime.now(UTC)
    opened = storage.open_store(store or settings.delivery.store, settings, until=now + timedelta(minutes=5))
    return hosting.give_up(opened, progress=progress or NullProgress())


def _linked(ledger: Ledger, id: str, now: datetime, *, revoked_too: bool = False) -> Delivery:
    kept = ledger.load(id)
    if kept.store is None or kept.prefix is None:
        raise UsageError(
            f"{kept.id} was attached: it has no links", hint="`delivery list` shows which have", code="no-links"
        )
    if not revoked_too:
        refuse_gone(ledger.get(kept.id, now=now))
    return kept


def _first_end(links: tuple[Link, ...]) -> datetime | None:
    ends = [link.expires_at for link in links]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None
