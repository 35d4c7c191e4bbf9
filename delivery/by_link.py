"""What the link way needs beside the work itself: promises checked, and what was sent in the forms that others take."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from delivery import hosting, storage
from delivery.errors import Cancelled, DeliveryError, IntegrityError, UsageError
from delivery.hosting import Upload, Uploaded
from delivery.model import Attachment, FileEntry, Link, PartKind, Plan, first_end
from delivery.options import SendOptions
from delivery.packing import Packed, manifest
from delivery.planning.names import MANIFEST, MANIFEST_TYPE
from delivery.profile import LinkPolicy
from delivery.progress import CancelToken, Progress
from delivery.storage.faults import GOES_ON
from delivery.units import format_utc
from delivery.values import show


def check_promises(store: storage.Store | None, options: SendOptions, *, now: datetime) -> None:
    """Raise, before anything is sent, where what was asked of links and files cannot be kept: UsageError for times that
    contradict each other, and what :func:`hosting.check_life` raises. ``store`` None: one that keeps all its promises.
    """
    if options.retain is not None and options.retain < options.expires:
        raise UsageError(
            f"--retain {show(options.retain)} is shorter than --expires {show(options.expires)}: "
            "the files would be gone before their links end",
            hint="keep the files at least as long as the links live",
            code="retain-too-short",
        )
    if options.require_expiry is not None and options.require_expiry > options.expires:
        raise UsageError(
            f"--require-expiry {show(options.require_expiry)} is longer than --expires {show(options.expires)}",
            hint="ask for links that live at least as long as they are required to",
            code="expiry-too-short",
        )
    if store is not None:
        hosting.check_life(store, options.expires, now=now, strict=options.strict, required=options.require_expiry)


def bucket_of(store: storage.Store) -> str | None:
    """A word for where ``store`` leads, without its address; None for the embedded one, which may move its port."""
    return None if store.name == storage.LOCAL else hashlib.sha256(store.identity.encode()).hexdigest()


def refuse_elsewhere(store: storage.Store, id: str, bucket: str | None) -> None:
    """Raise IntegrityError where the delivery, of which nothing was found, lies in another ``bucket``."""
    if bucket not in (None, bucket_of(store)):
        raise IntegrityError(
            f"nothing of {id} lies in the bucket {store.bucket}: [store:{store.name}] led elsewhere when it was "
            "delivered, and its links may still open there",
            hint=f"set bucket, endpoint and region in [store:{store.name}] back to what they were, "
            "then run the same command again",
            code="revoke-unproven",
        )


def proven_links(
    store: storage.Store,
    uploaded: Sequence[Uploaded],
    *,
    expires_in: timedelta,
    lasting: timedelta,
    required: datetime | None = None,
    now: datetime,
    progress: Progress | None,
    cancel: CancelToken,
) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
    """The links to hand over, and the ``lasting`` ones for page and manifest, see :func:`hosting.lasting`.

    Signed now, kept alive up to their end, and each opened once as the buyer will.
    """

    def proven(life: timedelta) -> tuple[Link, ...]:
        links = hosting.sign(store, uploaded, expires_in=life, now=now)
        for link in links:
            if link.expires_at is not None:
                storage.keep_until(store.name, link.expires_at)
        return hosting.try_links(links, required=required, progress=progress, cancel=cancel)

    links = proven(expires_in)
    return links, links if lasting == expires_in else proven(lasting)


def put_manifest(
    store: storage.Store,
    prefix: str,
    name: str,
    files: Sequence[FileEntry],
    parts: Sequence[Attachment],
    links: Sequence[Link],
    *,
    expires_in: timedelta,
    now: datetime,
    cancel: CancelToken,
) -> Link:
    """The manifest, each part with its link, put into the store, where `delivery fetch` finds all from one address.

    Those links are secrets, as the page's are: the manifest that is written beside the attachments has none of them.
    """
    urls = {link.name: link.url for link in links}
    return hosting.put_document(
        store,
        f"{prefix}{MANIFEST}",
        lambda: manifest.pieces(name, files, parts, urls),
        name=MANIFEST,
        media_type=MANIFEST_TYPE,
        expires_in=expires_in,
        now=now,
        cancel=cancel,
    )


def uploads(packed: Packed) -> list[Upload]:
    """The plan's parts as they are sent: archives from the work folder, all else straight from its source."""
    archives = {item.filename: item for item in packed.attachments}
    uploads = []
    for part in packed.plan.parts:
        members = tuple(entry.arcname for entry in part.members)
        if part.kind is PartKind.ARCHIVE:
            path = archives[part.filename].path
            uploads.append(Upload.of_path(path, part.filename, "application/zip", members=members))
        else:
            entry = part.members[0]
            uploads.append(Upload(entry, part.filename, entry.media_type, members=members))
    return uploads


def with_digests(files: Sequence[FileEntry], uploaded: Sequence[Uploaded]) -> tuple[FileEntry, ...]:
    """Files that went as they are were hashed while they were sent, and streams measured too."""
    sent = {item.members[0]: item for item in uploaded if len(item.members) == 1}

    def known(entry: FileEntry) -> FileEntry:
        if entry.content is not None:
            size = sent[entry.arcname].stored.size
            entry = replace(entry, size=size, content=None, known_size=True, sha256=sent[entry.arcname].sha256)
        return entry if entry.sha256 else replace(entry, sha256=sent[entry.arcname].sha256)

    return tuple(map(known, files))


def as_sent(plan: Plan, files: Sequence[FileEntry]) -> Plan:
    """The plan with the sizes of streams, which are known now; any other plan as it is."""
    if all(entry.content is None for entry in plan.deliverable.entries):
        return plan
    known = {entry.arcname: entry for entry in files}
    parts = tuple(
        replace(part, members=(known[part.members[0].arcname],), size=known[part.members[0].arcname].size)
        if part.members and part.members[0].content is not None
        else part
        for part in plan.parts
    )
    return replace(plan, deliverable=replace(plan.deliverable, entries=tuple(files)), parts=parts)


def as_parts(plan: Plan, uploaded: Sequence[Uploaded]) -> list[Attachment]:
    """What was uploaded, in the form in which the manifest lists parts."""
    return [
        Attachment(1, part.filename, item.stored.size, item.sha256, part.kind, item.members)
        for part, item in zip(plan.parts, uploaded, strict=True)
    ]


def end_notes(notice: str, links: Sequence[Link]) -> tuple[str, ...]:
    """The store's word, and why links end earlier than was asked for."""
    why = _why_early(links)
    return tuple(text for text in (notice, f"the end of the links: {why}" if why else "") if text)


def shortened_notes(id: str, promised: datetime | None, links: Sequence[Link]) -> tuple[str, ...]:
    """That ``links``, in a page and manifest which somebody has already, end before what was ``promised`` there."""
    end, why = first_end(links), _why_early(links)
    if promised is None or not why or (end is not None and end >= promised):
        return ()
    told = "an unknown time" if end is None else format_utc(end)
    return (
        f"page and manifest of {id} held links up to {format_utc(promised)}; those that they hold now end at {told}: "
        f"{why}; `delivery renew {id}` with keys that live longer mends it",
    )


def _why_early(links: Sequence[Link]) -> str:
    return next((link.effective_reason for link in links if link.effective_reason), "")


def link_notes(plan: Plan, notice: str, links: Sequence[Link]) -> tuple[str, ...]:
    """What the seller should know of these links, the store's word first."""
    profile = plan.profile
    notes = [*end_notes(notice, links)]
    if profile.link_policy is not LinkPolicy.ALLOWED:
        known = profile.link_note or f"whether {profile.title} allows links is not known"
        notes.append(f"links on {profile.title}: {known}")
    return tuple(notes)


@contextmanager
def telling_how_to_go_on(plan: Plan, journal: hosting.Journal) -> Iterator[None]:
    """Where an error leaves something in the store, it is said how that goes on, and how it goes away.

    A stream is gone with what was read of it, so that no error may promise to go on with it.
    """
    try:
        yield
    except DeliveryError as error:
        if isinstance(error, Cancelled) and (journal.begun or journal.done):
            error.hint = (
                f"run the same command again{GOES_ON}; `delivery upload --abort` gives it up and removes what was sent"
            )
        elif (journal.begun or journal.done) and GOES_ON not in error.hint:
            stays = "what was sent stays for the next run; `delivery upload --abort` removes it"
            error.hint = f"{error.hint}; {stays}" if error.hint else stays
        if any(entry.content is not None for entry in plan.deliverable.entries):
            error.hint = error.hint.replace(GOES_ON, ": a stream is sent from its beginning again")
        raise
