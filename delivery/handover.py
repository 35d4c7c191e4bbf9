"""A plan carried out: packed or uploaded, proven, written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from delivery import hosting, message, packing, places, planning, storage
from delivery.config import Settings
from delivery.errors import Cancelled, PackingError, UsageError
from delivery.hosting import Upload, Uploaded
from delivery.hosting.page import FILENAME as PAGE
from delivery.intake import with_digests
from delivery.ledger import Ledger
from delivery.model import (
    Attachment,
    Delivery,
    FileEntry,
    Finding,
    Link,
    LinkPolicy,
    ManifestPlace,
    Method,
    PartKind,
    Plan,
    Severity,
)
from delivery.options import SendOptions, show
from delivery.packing import Packed, manifest, proof
from delivery.packing.workspace import Workspace
from delivery.planning.names import CHECKSUMS, MANIFEST, MANIFEST_TYPE
from delivery.progress import CancelToken, Progress
from delivery.surroundings import out_folder, zone_of

_ARCHIVES = "archives"


@dataclass(frozen=True, slots=True)
class Handover:
    """One delivery under way."""

    id: str
    settings: Settings
    progress: Progress
    cancel: CancelToken
    now: datetime
    findings: tuple[Finding, ...] = ()
    waived: tuple[Finding, ...] = ()
    revision_of: str | None = None
    """The delivery that this one replaces."""
    situation: message.Situation | None = None
    """None: a revision where it replaces one, else a first delivery."""
    connection: storage.Connection | None = field(default=None, repr=False)
    """The caller's own way to the store."""
    named: bool = False
    """The id was asked for: a delivery with it is this same one, made again."""

    def run(self, plan: Plan) -> Delivery:
        """Do what ``plan`` says, compose the messages, record it. What can be refused early is refused first."""
        ledger = Ledger(places.data_dir())
        ledger.list(limit=1, now=self.now)
        before = ledger.load(self.revision_of) if self.revision_of else None
        said = self._seller_words(plan)
        options = self.settings.message
        with out_folder(self.settings.delivery.out, plan) as out:
            begun = replace(self._begun(plan, plan.deliverable.entries, out), dry_run=True)
            message.check_templates(begun, options=options, zone=zone_of(self.settings, self.now), now=self.now)
            done = self._carry_out(plan, out)
        zone = zone_of(self.settings, done.expires_at or self.now)
        texts = message.compose(
            done,
            options=options,
            zone=zone,
            now=self.now,
            situation=self.situation or (message.Situation.REVISION if before else message.Situation.FIRST),
            changes=message.compare(before.files, done.files) if before else None,
        )
        done = replace(done, messages=texts, notes=(*done.notes, *said, *message.warnings(texts, plan.profile)))
        former = before.id if before and before.id != self.id else None
        ledger.record(done, waived=self.waived, revision_of=former, again=self.named)
        return done

    def _seller_words(self, plan: Plan) -> tuple[str, ...]:
        """What may be held against the seller in the words that page and proof show; a note that surely is, is refused.

        Raises UsageError before anything is packed or sent.
        """
        options, told = self.settings.delivery, []
        shown = (("--note", options.note), ("--order", options.order), ("the name", plan.deliverable.name))
        for place, text in shown:
            for found in message.lint(text or "", plan.profile):
                if place == "--note" and found.severity is Severity.ERROR:
                    raise UsageError(f"--note: {found.message}", hint=found.suggestion, code="held-words")
                told.append(f"{place}: {found.message}; {found.suggestion}")
        return tuple(told)

    def _carry_out(self, plan: Plan, out: Path) -> Delivery:
        """Where the zips turn out larger than samples promised, it is planned again by what is certain: the sizes."""
        if plan.method is Method.LINK:
            return self._link(plan, out)
        try:
            return self._attach(plan, out)
        except PackingError as error:
            if error.code != "plan-changed":
                raise
        certain = planning.plan(plan.deliverable, plan.profile, via=self.settings.delivery.via)
        return self._link(certain, out) if certain.method is Method.LINK else self._attach(certain, out)

    def _attach(self, plan: Plan, out: Path) -> Delivery:
        options = self.settings.delivery
        packed = packing.pack(
            plan,
            out,
            language=options.language,
            sheet=partial(self._write_proof, plan) if options.proof else None,
            progress=self.progress,
            cancel=self.cancel,
        )
        return replace(
            self._begun(packed.plan, packed.files, out),
            attachments=packed.attachments,
            manifest=ManifestPlace(path=packed.manifest_path),
        )

    def _link(self, plan: Plan, out: Path) -> Delivery:
        options = self.settings.delivery
        until = self.now + options.expires
        store = storage.open_store(options.store, self.settings, until=until, connection=self.connection)
        check_promises(store, options, now=self.now)
        store.ensure_ready()
        storage.refuse_full(options.store, sum(part.size for part in plan.parts))
        with (
            storage.kept_up(options.store),
            self._place(store, plan) as place,
            _telling_how_to_go_on(place.journal),
            Workspace(out) as workspace,
        ):
            archives = workspace.folder / _ARCHIVES
            packed = packing.pack_archives(plan, archives, progress=self.progress, cancel=self.cancel)
            uploaded = self._upload(store, place.journal, _uploads(packed))
            files = _with_digests(packed.files, uploaded)
            sent = _as_sent(packed.plan, files)
            parts = _as_parts(sent, uploaded)
            manifest.write(workspace.folder / MANIFEST, plan.deliverable.name, files, parts)
            links = self._proven_links(store, uploaded)
            expires_at = links[0].expires_at
            manifest_link = put_manifest(
                store, place.journal.prefix, plan.deliverable.name, files, parts, links, expires_in=options.expires,
                now=self.now, cancel=self.cancel,
            )  # fmt: skip
            shown_page = self._page(
                store, place.journal.prefix, plan.deliverable.name, links, files, manifest=manifest_link.url
            )
            shown = self._proof(sent, workspace.folder, files, expires_at)
            manifest.write_checksums(workspace.folder / CHECKSUMS, [shown])
            workspace.publish([shown.filename, CHECKSUMS, MANIFEST])
            keys = [*(item.stored.key for item in uploaded), manifest_link.key]
            place.finish([*keys, shown_page.key] if shown_page else keys, expires_at)
        return replace(
            self._begun(sent, files, out),
            attachments=(replace(shown, path=str(out / shown.filename)),),
            links=links,
            page=shown_page,
            manifest=ManifestPlace(str(out / MANIFEST), manifest_link.url),
            store=options.store,
            prefix=place.journal.prefix,
            expires_at=expires_at,
            notes=_link_notes(plan, store.notice, links[0].effective_reason),
        )

    def _place(self, store: storage.Store, plan: Plan) -> AbstractContextManager[hosting.OneTime | hosting.Kept]:
        """Where the objects go: a named delivery goes back to where it was."""
        retain = self.settings.delivery.retain
        return hosting.place_for(
            store,
            [part.filename for part in plan.parts],
            id=self.id,
            named=self.named,
            keep_until=self.now + retain if retain is not None else None,
            progress=self.progress,
            cancel=self.cancel,
        )

    def _page(
        self,
        store: storage.Store,
        prefix: str,
        name: str,
        links: Sequence[Link],
        files: Sequence[FileEntry],
        *,
        manifest: str,
    ) -> Link | None:
        """One link for the chat where there are several; a single file needs no page around it."""
        options = self.settings.delivery
        if len(links) < 2 or not options.page:
            return None
        shown = hosting.publish(
            store,
            f"{prefix}{PAGE}",
            name=name,
            links=links,
            files=files,
            expires_in=options.expires,
            now=self.now,
            order=options.order,
            note=options.note,
            language=options.language,
            manifest=manifest,
            cancel=self.cancel,
        )
        if shown.expires_at is not None:
            storage.keep_until(options.store, shown.expires_at)
        return shown

    def _proven_links(self, store: storage.Store, uploaded: Sequence[Uploaded]) -> tuple[Link, ...]:
        """Signed now, kept alive up to their end, and each opened once as the buyer will."""
        options = self.settings.delivery
        links = hosting.sign(store, uploaded, expires_in=options.expires, now=self.now)
        for link in links:
            if link.expires_at is not None:
                storage.keep_until(options.store, link.expires_at)
        hosting.try_links(links, cancel=self.cancel)
        return links

    def _upload(
        self, store: storage.Store, journal: hosting.Journal, uploads: Sequence[Upload]
    ) -> tuple[Uploaded, ...]:
        return hosting.upload(
            store,
            uploads,
            prefix=journal.prefix,
            journal=journal,
            known=Ledger(places.data_dir()).uploaded(self.settings.delivery.store),
            options=self.settings.upload,
            progress=self.progress,
            cancel=self.cancel,
        )

    def _proof(self, plan: Plan, folder: Path, files: Sequence[FileEntry], expires_at: datetime | None) -> Attachment:
        path = self._write_proof(plan, folder, files, expires_at)
        made = with_digests([Upload.of_path(path).entry])[0]
        return Attachment(1, str(path), made.size, made.sha256 or "", PartKind.PROOF)

    def _write_proof(
        self, plan: Plan, folder: Path, files: Sequence[FileEntry], expires_at: datetime | None = None
    ) -> Path:
        options = self.settings.delivery
        return proof.write(
            folder,
            name=plan.deliverable.name,
            files=files,
            when=self.now,
            order=options.order,
            language=options.language,
            expires_at=expires_at,
            progress=self.progress,
            cancel=self.cancel,
        )

    def _begun(self, plan: Plan, files: tuple[FileEntry, ...], out: Path) -> Delivery:
        options = self.settings.delivery
        return Delivery(
            self.id,
            self.now,
            plan,
            files,
            self.findings,
            out=str(out),
            order=options.order,
            language=options.language,
        )


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


@contextmanager
def _telling_how_to_go_on(journal: hosting.Journal) -> Iterator[None]:
    """Where a cancel leaves something in the store, it is said how that goes on, and how it goes away."""
    try:
        yield
    except Cancelled as cancelled:
        if journal.begun or journal.done:
            cancelled.hint = (
                "run the same command again: it goes on where it stopped; "
                "`delivery upload --abort` gives it up and removes what was sent"
            )
        raise


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
    data = manifest.in_memory(name, files, parts, urls)
    return hosting.put_document(
        store, f"{prefix}{MANIFEST}", data, name=MANIFEST, media_type=MANIFEST_TYPE, expires_in=expires_in, now=now,
        cancel=cancel,
    )  # fmt: skip


def _uploads(packed: Packed) -> list[Upload]:
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


def _with_digests(files: Sequence[FileEntry], uploaded: Sequence[Uploaded]) -> tuple[FileEntry, ...]:
    """Files that went as they are were hashed while they were sent, and streams measured too."""
    sent = {item.members[0]: item for item in uploaded if len(item.members) == 1}

    def known(entry: FileEntry) -> FileEntry:
        if entry.content is not None:
            size = sent[entry.arcname].stored.size
            entry = replace(entry, size=size, content=None, known_size=True, sha256=sent[entry.arcname].sha256)
        return entry if entry.sha256 else replace(entry, sha256=sent[entry.arcname].sha256)

    return tuple(map(known, files))


def _as_sent(plan: Plan, files: Sequence[FileEntry]) -> Plan:
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


def _as_parts(plan: Plan, uploaded: Sequence[Uploaded]) -> list[Attachment]:
    """What was uploaded, in the form in which the manifest lists parts."""
    return [
        Attachment(1, part.filename, item.stored.size, item.sha256, part.kind, item.members)
        for part, item in zip(plan.parts, uploaded, strict=True)
    ]


def _link_notes(plan: Plan, notice: str, why_so_long: str) -> tuple[str, ...]:
    """What the seller should know of these links, the store's word first."""
    profile = plan.profile
    notes = [text for text in (notice, f"the end of the links: {why_so_long}" if why_so_long else "") if text]
    if profile.link_policy is not LinkPolicy.ALLOWED:
        known = profile.link_note or f"whether {profile.title} allows links is not known"
        notes.append(f"links on {profile.title}: {known}")
    return tuple(notes)
