"""What is done with a delivery's links later: they are renewed, or revoked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from delivery import hosting, message, places, storage
from delivery.afterwards import as_parts, as_uploaded, foreseen, refuse_gone
from delivery.by_link import end_notes, proven_links, put_manifest, refuse_elsewhere, shortened_notes
from delivery.config import Settings, configured, settings_or_found
from delivery.errors import UsageError
from delivery.ledger import Ledger
from delivery.model import Delivery, first_end
from delivery.planning.names import MANIFEST
from delivery.progress import CancelToken, Progress, hooks
from delivery.surroundings import now_in_utc, zone_of


def renew(
    id: str,
    *,
    expires: timedelta | str | None = None,
    language: str | None = None,
    dry_run: bool = False,
    settings: Settings | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> Delivery:
    """Sign the links of ``id`` again for ``expires`` from now (default: as configured); nothing is uploaded again.

    Each link is opened once before it is handed out, the message that brings it is composed in ``language``,
    and both are recorded. ``connection`` is your own ``boto3.Session`` or S3 client for the delivery's store.
    With ``dry_run`` nothing is signed and nothing written: ``plan.parts`` of what comes back are the links that would
    be signed, and ``expires_at`` is up to when they would live.
    Raises UsageError for an unknown, attached or revoked delivery, and for one that was made again on another machine;
    StoreRefusedError when its objects are gone; StoreUnreachableError while a run makes it again.
    """
    settings, now = settings_or_found(settings), now_in_utc(now)
    watch = _watch(settings, progress, cancel)
    ledger = Ledger(places.data_dir())
    kept = _linked(ledger, id, now)
    kept = replace(kept, language=language or kept.language)
    message.check_templates(kept, options=settings.message, zone=zone_of(settings, now), now=now)
    life = configured(settings, {"expires": expires}).delivery.expires
    assert kept.store is not None and kept.prefix is not None
    until = now if dry_run else now + life
    opened = storage.open_store(kept.store, settings, until=until, connection=connection, cancel=watch.cancel)
    store = opened.watched(watch)
    would_live = hosting.check_life(store, life, now=now)
    if dry_run:
        hosting.refuse_others(store, kept)
        return foreseen(kept, store.notice, hosting.foresee(store, kept.links, would_live, cancel=watch.cancel))
    with hosting.standing_place(store, kept.id, kept.prefix, cancel=watch.cancel) as place:
        hosting.refuse_others(store, kept)
        watch = watch if place is None else replace(watch, cancel=place.cancel)
        again = _signed_anew(store, kept, ledger, life, place, watch, now)
    zone = zone_of(settings, again.expires_at or now)
    texts = message.compose(again, options=settings.message, zone=zone, now=now, situation=message.Situation.RENEWED)
    told = message.warnings(texts, again.plan.profile, held=settings.message.held)
    again = replace(again, messages=texts, notes=(*again.notes, *told))
    ledger.renewed(kept.id, until=again.expires_at, at=now)
    ledger.wrote(kept.id, again, situation="renewed", at=now)
    return again


def _signed_anew(
    store: storage.Store,
    kept: Delivery,
    ledger: Ledger,
    life: timedelta,
    place: hosting.Kept | None,
    watch: storage.Watch,
    now: datetime,
) -> Delivery:
    """``kept`` with new links, tried, and its manifest and page put over them; nobody else works in its ``place``."""
    assert kept.store is not None and kept.prefix is not None
    promised = [end for end in (ledger.promised(kept.id), place.promised if place else None) if end is not None]
    lasting = hosting.lasting(store, life, *promised, now=now)
    signed, shown = proven_links(
        store, list(as_uploaded(kept)), expires_in=life, lasting=lasting, now=now, progress=watch.progress,
        cancel=watch.cancel,
    )  # fmt: skip
    if place is not None:
        place.need(first_end(shown))
    ledger.needed(kept.id, until=first_end(shown))  # from now on manifest and page promise it, whatever fails
    with hosting.unless_revoked(store, kept, cancel=watch.cancel):
        listed = put_manifest(
            store, kept.prefix, kept.plan.deliverable.name, kept.files, as_parts(kept), shown, expires_in=lasting,
            now=now, cancel=watch.cancel,
        )  # fmt: skip
        notes = end_notes(store.notice, signed) + shortened_notes(kept.id, max(promised, default=None), shown)
        manifest, end = replace(kept.manifest, url=listed.url), first_end(signed)
        again = replace(kept, links=shown, manifest=manifest, expires_at=end, notes=notes)
        if kept.page is not None:
            page = hosting.republish(store, again, expires_in=lasting, now=now, cancel=watch.cancel)
            again = replace(again, page=page)
    return replace(again, links=signed)


def revoke(
    id: str,
    *,
    dry_run: bool = False,
    settings: Settings | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> hosting.Revoked:
    """End the links of ``id`` now: its objects are removed, versions too, and its links are tried and found dead.

    With ``dry_run`` it is only looked up what would be removed.
    Raises UsageError for an unknown or attached delivery, IntegrityError when a link cannot be proven dead.
    """
    settings, now = settings_or_found(settings), now_in_utc(now)
    watch = _watch(settings, progress, cancel)
    ledger = Ledger(places.data_dir())
    kept = _linked(ledger, id, now, revoked_too=True)
    assert kept.store is not None and kept.prefix is not None
    opened = storage.open_store(kept.store, settings, until=now, connection=connection, cancel=watch.cancel)
    store = opened.watched(watch)
    keys = [f"{kept.prefix}{MANIFEST}", *(link.key for link in (*kept.links, *([kept.page] if kept.page else [])))]
    standing = hosting.standing_of(store, kept.id)
    if not dry_run:
        hosting.seize(store, standing)  # a run that is under way must not deliver what is removed here
    done = hosting.Revoked(0, 0, 0)
    for prefix in dict.fromkeys((kept.prefix, *(item.prefix for item in standing.values()))):
        done += hosting.revoke(store, prefix, keys, dry_run=dry_run, progress=watch.progress, cancel=watch.cancel)
    record = ledger.get(kept.id, now=now)
    if not done.removed and record.revoked_at is None and record.pruned_at is None:
        refuse_elsewhere(store, kept.id, ledger.bucket(kept.id))
    if not dry_run:
        hosting.forget(store, standing)
        ledger.revoked(kept.id, at=now)
    return done


def _watch(settings: Settings, progress: Progress | None, cancel: CancelToken | None) -> storage.Watch:
    """A store's first answer may never come: from it on all is told of and cancelled as the work itself is."""
    return storage.Watch(settings.upload.attempts, *hooks(progress, cancel))


def _linked(ledger: Ledger, id: str, now: datetime, *, revoked_too: bool = False) -> Delivery:
    kept = ledger.load(id)
    if kept.store is None or kept.prefix is None:
        raise UsageError(
            f"{kept.id} was attached: it has no links", hint="`delivery list` shows which have", code="no-links"
        )
    if not revoked_too:
        refuse_gone(ledger.get(kept.id, now=now))
    return kept
