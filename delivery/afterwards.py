"""A delivery after it was made: its message again, a reply, and what of it a page or a message links to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from delivery import hosting, message, places, platforms, storage
from delivery.by_link import end_notes
from delivery.config import Settings, settings_or_found
from delivery.errors import UsageError
from delivery.hosting import Uploaded
from delivery.hosting.page import MEDIA_TYPE
from delivery.ledger import Ledger, Record, State
from delivery.model import Attachment, Delivery, FileEntry, Link, Part, PartKind, StoredObject, first_end
from delivery.planning.names import MANIFEST, MANIFEST_TYPE
from delivery.progress import CancelToken, Progress, hooks
from delivery.surroundings import now_in_utc, zone_of
from delivery.units import format_utc


def compose_message(
    id: str,
    *,
    language: str | None = None,
    situation: message.Situation | str | None = None,
    settings: Settings | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> Delivery:
    """The delivery ``id``, its messages composed again, its links signed again up to their old end.

    ``language`` and ``situation`` (``first``, ``revision`` or ``renewed``) default to those of the first time.
    ``connection`` is your own ``boto3.Session`` or S3 client for the delivery's store.

    Each link is opened once; ``progress`` is told of tries that fail. Raises UsageError for an unknown id or language,
    and when the links have expired; StoreRefusedError and IntegrityError for a link that does not open what was
    delivered.
    """
    settings, now = settings_or_found(settings), now_in_utc(now)
    progress, cancel = hooks(progress, cancel)
    situation = message.Situation(situation) if situation else None
    ledger = Ledger(places.data_dir())
    kept = ledger.load(id)
    record = ledger.get(kept.id, now=now)
    former = record.revision_of
    if situation is message.Situation.RENEWED and kept.store is None:
        raise UsageError(
            f"{kept.id} was attached, so there are no links to renew",
            hint="leave out --situation; `delivery reply` has the answers to what a buyer says",
            code="no-links",
        )
    again = replace(kept, language=language or kept.language)
    if again.store is not None:
        refuse_gone(record)
        again = _signed_again(again, settings, now, connection, progress, cancel)
    zone = zone_of(settings, again.expires_at or now)
    if situation is None:
        kept_by_older = message.Situation.REVISION if former else message.Situation.FIRST
        situation = message.Situation(record.situation) if record.situation else kept_by_older
    changes = message.compare(ledger.load(former).files, kept.files) if former else None
    texts = message.compose(again, options=settings.message, zone=zone, now=now, situation=situation, changes=changes)
    notes = message.warnings(texts, again.plan.profile, held=settings.message.held)
    again = replace(again, messages=texts, notes=notes)
    ledger.wrote(again.id, again, situation="again", at=now)
    return again


@dataclass(frozen=True, slots=True)
class Written:
    """A reply, and what it was written for."""

    messages: tuple[str, ...]
    platform: str
    language: str
    id: str | None
    notes: tuple[str, ...] = ()
    """What the seller should know of them."""


def compose_reply(
    to: message.Reply | str,
    id: str | None = None,
    *,
    platform: str | None = None,
    language: str | None = None,
    settings: Settings | None = None,
    now: datetime | None = None,
) -> Written:
    """The answer ``to`` what the buyer said (``email-request``, ``expired`` ...).

    It is about the delivery ``id`` where one is given, which keeps it. Raises UsageError for an unknown id, platform
    or language.
    """
    settings, now, to = settings_or_found(settings), now_in_utc(now), message.Reply(to)
    ledger = Ledger(places.data_dir())
    kept = _as_it_stands(ledger, id, now) if id is not None else None
    if kept is not None and platform is None:
        profile = kept.plan.profile
    else:
        profile = platforms.get(platform or settings.delivery.platform, settings)
    if language is None:
        language = kept.language if kept is not None else settings.delivery.language
    renewals = sum(event.kind == "renewed" for event in ledger.events(kept.id)) if kept is not None else 0
    end = kept.expires_at if kept is not None else None
    texts = message.reply(
        to, profile=profile, language=language, options=settings.message, zone=zone_of(settings, end or now), now=now,
        delivery=kept, renewals=renewals,
    )  # fmt: skip
    if kept is not None:
        ledger.wrote(kept.id, replace(kept, messages=texts), situation=f"reply: {to.value}", at=now)
    told = _said_to_be_over(kept, now) if kept is not None and to is message.Reply.EXPIRED else ()
    notes = (*told, *message.warnings(texts, profile, held=settings.message.held))
    return Written(texts, profile.name, language, kept.id if kept is not None else None, notes)


def _said_to_be_over(kept: Delivery, now: datetime) -> tuple[str, ...]:
    """A word to the seller who is about to say that links have ended which have not, or which there never were."""
    if not kept.links:
        return (
            f"{kept.id} was attached, so it has no link that could have ended: `delivery reply cannot-open` may fit",
        )
    ends = [link.expires_at for link in kept.links if link.expires_at is not None and link.expires_at > now]
    if not ends or len(ends) < len(kept.links):
        return ()
    until = format_utc(min(ends))
    return (f"the links of {kept.id} work until {until}: `delivery message {kept.id}` gives them again, as they are",)


def _as_it_stands(ledger: Ledger, id: str, now: datetime) -> Delivery:
    """The delivery ``id``, its links ended when its objects went, so that nobody is told that they still work."""
    kept = ledger.load(id)
    record = ledger.get(kept.id, now=now)
    gone = record.revoked_at or record.pruned_at
    if gone is None:
        return kept
    links = tuple(replace(link, expires_at=gone) for link in kept.links)
    return replace(kept, links=links, page=replace(kept.page, expires_at=gone) if kept.page else None)


def refuse_gone(record: Record) -> None:
    """Raise UsageError where the objects of a delivery are gone from their store."""
    if record.state is State.REVOKED or record.pruned_at is not None:
        what = "were revoked" if record.state is State.REVOKED else "have ended"
        raise UsageError(
            f"the links of {record.id} {what}: its files are gone from the store",
            hint="send it again with: delivery send",
            code="revoked" if record.state is State.REVOKED else "pruned",
        )


def _signed_again(
    kept: Delivery,
    settings: Settings,
    now: datetime,
    connection: storage.Connection | None,
    progress: Progress | None,
    cancel: CancelToken | None,
) -> Delivery:
    if kept.expires_at is None or kept.expires_at <= now:
        ended = f"ended at {format_utc(kept.expires_at)}" if kept.expires_at else "have no known end"
        raise UsageError(f"the links of {kept.id} {ended}", hint=f"delivery renew {kept.id}", code="links-expired")
    assert kept.store is not None
    store = storage.open_store(kept.store, settings, until=kept.expires_at, connection=connection, cancel=cancel)
    listed = Uploaded(StoredObject(f"{kept.prefix}{MANIFEST}", 0), MANIFEST, "", MANIFEST_TYPE)
    pages = [_page_as_uploaded(kept.page)] if kept.page else []
    uploaded = [*as_uploaded(kept), listed, *pages]
    signed = hosting.sign(store, uploaded, expires_in=kept.expires_at - now, now=now)
    links, manifest = signed[: len(kept.links)], signed[len(kept.links)]
    links = hosting.try_links(links, progress=progress, cancel=cancel)
    for shown in signed[len(kept.links) :]:
        hosting.try_link(shown, inline=shown is not manifest, sized=False, progress=progress, cancel=cancel)
    return replace(
        kept,
        links=links,
        manifest=replace(kept.manifest, url=manifest.url),
        page=signed[-1] if pages else None,
    )


def as_uploaded(kept: Delivery) -> Iterator[Uploaded]:
    """The linked objects of a delivery as hosting knew them when it had sent them."""
    for link, entry in _linked(kept):
        media_type = entry.media_type if entry else "application/zip"
        stored = StoredObject(link.key, link.size, etag=link.etag)
        yield Uploaded(stored, link.name, link.sha256, media_type, False, link.members)


def as_parts(kept: Delivery) -> list[Attachment]:
    """The linked objects of a delivery in the form in which the manifest lists parts."""
    return [
        Attachment(1, link.name, link.size, link.sha256, PartKind.AS_IS if entry else PartKind.ARCHIVE, link.members)
        for link, entry in _linked(kept)
    ]


def foreseen(kept: Delivery, notice: str, links: tuple[Link, ...]) -> Delivery:
    """``kept`` with ``links``, as a dry run of `send` answers: no link, page or message, but what there would be."""
    files, count = {entry.arcname: entry for entry in kept.files}, len(links)
    parts = tuple(
        Part(
            index, count, item.path, item.kind, tuple(files[name] for name in item.members if name in files), item.size
        )
        for index, item in enumerate(as_parts(kept), start=1)
    )
    return replace(
        kept,
        plan=replace(kept.plan, parts=parts),
        links=(),
        page=None,
        messages=(),
        expires_at=first_end(links),
        dry_run=True,
        notes=end_notes(notice, links),
    )


def _linked(kept: Delivery) -> Iterator[tuple[Link, FileEntry | None]]:
    """Each link with the file that it gives as it is, whatever it is called; None where it gives a zip."""
    files = {entry.arcname: entry for entry in kept.files}
    for link in kept.links:
        only = files.get(link.members[0]) if len(link.members) == 1 else None
        yield link, only if only is not None and only.sha256 == link.sha256 else None


def _page_as_uploaded(page: Link) -> Uploaded:
    return Uploaded(StoredObject(page.key, page.size), page.name, page.sha256, MEDIA_TYPE, inline=True)
