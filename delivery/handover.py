"""A plan carried out: packed or uploaded, proven, written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from delivery import by_link, hosting, message, packing, places, planning, storage
from delivery.config import Settings
from delivery.errors import PackingError
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
    ManifestPlace,
    Method,
    PartKind,
    Plan,
    first_end,
)
from delivery.packing import manifest, proof
from delivery.packing.workspace import Workspace
from delivery.planning.names import CHECKSUMS, MANIFEST
from delivery.progress import CancelToken, Progress
from delivery.surroundings import foreseen_folder, out_folder, zone_of

_Recorded = Callable[[Delivery, str | None], Delivery]
"""Composes the messages of what was made, and keeps it in the ledger, with a word for the bucket that it lies in."""


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
        ledger.list(limit=1, now=self.now, damaged=lambda id: None)
        with out_folder(self.settings.delivery.out, plan) as out:
            foreseen, before = self._foreseen(plan, out, ledger)
            return self._carry_out(plan, out, partial(self._recorded, ledger, before, foreseen.notes))

    def _recorded(
        self, ledger: Ledger, before: Delivery | None, said: tuple[str, ...], done: Delivery, bucket: str | None
    ) -> Delivery:
        zone = zone_of(self.settings, done.expires_at or self.now)
        situation = self.situation or (message.Situation.REVISION if before else message.Situation.FIRST)
        texts = message.compose(
            done,
            options=self.settings.message,
            zone=zone,
            now=self.now,
            situation=situation,
            changes=message.compare(before.files, done.files) if before else None,
        )
        notes = (*done.notes, *said, *message.warnings(texts, done.plan.profile, held=self.settings.message.held))
        done = replace(done, messages=texts, notes=notes)
        old = before.id if before and before.id != self.id else None
        ledger.record(done, waived=self.waived, revision_of=old, situation=situation, bucket=bucket, again=self.named)
        return done

    def foresee(self, plan: Plan) -> Delivery:
        """What :meth:`run` would answer, as far as it is known before anything is done; raises what that raises early.

        Nothing is written. A configured store is looked up and asked how long it signs, but not contacted.
        """
        options, ledger = self.settings.delivery, Ledger(places.data_dir())
        if ledger.begun:
            ledger.list(limit=1, now=self.now, damaged=lambda id: None)
        foreseen, _ = self._foreseen(plan, foreseen_folder(options.out, plan), ledger)
        if plan.method is Method.LINK:
            until = self.now + options.expires
            store = storage.foresee_store(
                options.store, self.settings, until=until, connection=self.connection, cancel=self.cancel
            )
            by_link.check_promises(store, options, now=self.now)
        sheet = f"a proof sheet to attach is made too: {proof.file_name(plan.deliverable.name)}"
        told = [sheet] if options.proof or plan.method is Method.LINK else []
        return replace(foreseen, out=None, notes=(*foreseen.notes, *told))

    def _foreseen(self, plan: Plan, out: Path, ledger: Ledger) -> tuple[Delivery, Delivery | None]:
        """The delivery as it is planned, and the one that it replaces. What this refuses, a dry run refuses too."""
        before = None if self.revision_of is None else ledger.load(self.revision_of)
        said = message.refuse_held(self._shown(plan), plan.profile, held=self.settings.message.held)
        packing.refuse_out(out, plan.deliverable)
        foreseen = replace(self._begun(plan, plan.deliverable.entries, out), dry_run=True, notes=said)
        message.check_templates(
            foreseen, options=self.settings.message, zone=zone_of(self.settings, self.now), now=self.now
        )
        return foreseen, before

    def _shown(self, plan: Plan) -> dict[str, str]:
        """The seller's words on page and proof."""
        options, name = self.settings.delivery, plan.deliverable.name
        return {"the note": options.note or "", "the order label": options.order or "", "the name": name}

    def _carry_out(self, plan: Plan, out: Path, recorded: _Recorded) -> Delivery:
        """Where the zips turn out larger than samples promised, it is planned again by what is certain: the sizes."""
        if plan.method is Method.LINK:
            return self._link(plan, out, recorded)
        try:
            return self._attach(plan, out, recorded)
        except PackingError as error:
            if error.code != "plan-changed":
                raise
            self.progress.note(f"planned again: {error.message}")
        options = self.settings.delivery
        certain = planning.plan(plan.deliverable, plan.profile, via=options.via, pack=options.pack)
        if certain.method is Method.LINK:
            return self._link(certain, out, recorded)
        return self._attach(certain, out, recorded)

    def _attach(self, plan: Plan, out: Path, recorded: _Recorded) -> Delivery:
        """Where it cannot be recorded nothing is left, so that the same command can be run again."""
        options = self.settings.delivery
        with Workspace(out) as workspace:
            packed = packing.pack(
                plan,
                workspace,
                language=options.language,
                sheet=partial(self._write_proof, plan) if options.proof else None,
                progress=self.progress,
                cancel=self.cancel,
            )
            done = replace(
                self._begun(packed.plan, packed.files, out),
                attachments=packed.attachments,
                manifest=ManifestPlace(path=packed.manifest_path),
                notes=packed.notes,
            )
            return recorded(done, None)

    def _link(self, plan: Plan, out: Path, recorded: _Recorded) -> Delivery:
        options = self.settings.delivery
        with (
            Workspace(out) as workspace,
            self._opened_store(plan) as store,
            self._place(store, plan) as place,
            by_link.telling_how_to_go_on(plan, place.journal),
        ):
            held = replace(self, cancel=place.cancel)
            packed = packing.pack_archives(plan, workspace, progress=self.progress, cancel=held.cancel)
            uploaded = held._upload(store, place.journal, by_link.uploads(packed))
            files = by_link.with_digests(packed.files, uploaded)
            sent = by_link.as_sent(packed.plan, files)
            parts = by_link.as_parts(sent, uploaded)
            name, prefix = plan.deliverable.name, place.journal.prefix
            manifest.write(workspace.folder / MANIFEST, name, files, parts)
            lasting = hosting.lasting(store, options.expires, place.promised, now=self.now)
            links, listed = held._proven_links(store, uploaded, lasting)
            expires_at = first_end(links)
            manifest_link = by_link.put_manifest(
                store, prefix, name, files, parts, listed, expires_in=lasting, now=self.now, cancel=held.cancel
            )
            shown_page = held._page(store, prefix, name, listed, files, manifest=manifest_link.url, life=lasting)
            shown = held._proof(sent, workspace.folder, files, expires_at)
            manifest.write_checksums(workspace.folder / CHECKSUMS, [shown])
            done = replace(
                self._begun(sent, files, out),
                attachments=(replace(shown, path=str(out / shown.filename)),),
                links=links,
                page=shown_page,
                manifest=ManifestPlace(str(out / MANIFEST), manifest_link.url),
                store=options.store,
                prefix=prefix,
                expires_at=expires_at,
                notes=by_link.link_notes(plan, store.notice, links),
            )
            workspace.publish([shown.filename, CHECKSUMS, MANIFEST])
            pages = [shown_page.key] if shown_page else []
            needed = first_end(listed)
            shortened = by_link.shortened_notes(self.id, place.promised, listed)
            told = place.finish([*(item.stored.key for item in uploaded), manifest_link.key, *pages], needed)
            return recorded(replace(done, notes=(*done.notes, *shortened, *told)), by_link.bucket_of(store))

    @contextmanager
    def _opened_store(self, plan: Plan) -> Iterator[storage.Store]:
        """The store, found fit for what is asked of it, and kept up while it is used."""
        options = self.settings.delivery
        until = self.now + options.expires
        opened = storage.open_store(
            options.store, self.settings, until=until, connection=self.connection, cancel=self.cancel
        )
        # Its first answer may never come: from it on a cancel is heard.
        store = opened.watched(storage.Watch(self.settings.upload.attempts, self.progress, self.cancel))
        by_link.check_promises(store, options, now=self.now)
        store.ensure_ready()
        storage.refuse_full(options.store, sum(part.size for part in plan.parts))
        with storage.kept_up(options.store):
            yield store

    def _place(self, store: storage.Store, plan: Plan) -> AbstractContextManager[hosting.OneTime | hosting.Kept]:
        """Where the objects go: a named delivery goes back to where it was."""
        retain = self.settings.delivery.retain
        hosting.forget_done(store, Ledger(places.data_dir()).holds)
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
        life: timedelta,
    ) -> Link | None:
        """One link for the chat where there are several; a single file needs no page around it."""
        options = self.settings.delivery
        if len(links) < 2 or not options.page:
            return None
        shown = hosting.publish(
            store, f"{prefix}{PAGE}", name=name, links=links, files=files, expires_in=life, now=self.now,
            order=options.order, note=options.note, language=options.language, manifest=manifest, cancel=self.cancel,
        )  # fmt: skip
        if shown.expires_at is not None:
            storage.keep_until(options.store, shown.expires_at)
        return shown

    def _proven_links(
        self, store: storage.Store, uploaded: Sequence[Uploaded], lasting: timedelta
    ) -> tuple[tuple[Link, ...], tuple[Link, ...]]:
        options = self.settings.delivery
        required = options.expires if options.strict else options.require_expiry
        return by_link.proven_links(
            store, uploaded, expires_in=options.expires, lasting=lasting, now=self.now, progress=self.progress,
            required=self.now + required if required else None, cancel=self.cancel,
        )  # fmt: skip

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
            until=self.now + self.settings.delivery.expires,
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
            folder, name=plan.deliverable.name, files=files, when=self.now, order=options.order,
            language=options.language, expires_at=expires_at, progress=self.progress, cancel=self.cancel,
        )  # fmt: skip

    def _begun(self, plan: Plan, files: tuple[FileEntry, ...], out: Path) -> Delivery:
        options = self.settings.delivery
        return Delivery(
            self.id, self.now, plan, files, self.findings, out=str(out), order=options.order, language=options.language
        )
