"""A plan carried out: packed or uploaded, proven, written down."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from delivery import hosting, message, packing, places, storage
from delivery.config import Settings
from delivery.errors import LocalError, UsageError
from delivery.escape import printable
from delivery.hosting import Upload, Uploaded
from delivery.ledger import Ledger
from delivery.model import Attachment, Delivery, FileEntry, LinkPolicy, ManifestPlace, Method, PartKind, Plan
from delivery.packing import Packed, manifest, proof
from delivery.packing.workspace import Workspace
from delivery.progress import CancelToken, Progress

_ARCHIVES = "archives"


@dataclass(frozen=True, slots=True)
class Handover:
    """One delivery under way."""

    id: str
    settings: Settings
    progress: Progress
    cancel: CancelToken
    now: datetime

    def run(self, plan: Plan) -> Delivery:
        """Do what ``plan`` says, compose the messages, record it. What can be refused early is refused first."""
        ledger = Ledger(places.data_dir())
        ledger.list(limit=1, now=self.now)
        out = choose_out(self.settings.delivery.out, plan)
        done = self._attach(plan, out) if plan.method is Method.ATTACH else self._link(plan, out)
        zone = zone_of(self.settings, done.expires_at or self.now)
        texts = message.compose(done, options=self.settings.message, zone=zone, now=self.now)
        done = replace(done, messages=texts)
        ledger.record(done, waived=self.settings.delivery.allow)
        return done

    def _attach(self, plan: Plan, out: Path) -> Delivery:
        language = self.settings.delivery.language
        packed = packing.pack(plan, out, progress=self.progress, cancel=self.cancel, language=language)
        return replace(
            self._begun(packed.plan, packed.files, out),
            attachments=packed.attachments,
            manifest=ManifestPlace(path=packed.manifest_path),
        )

    def _link(self, plan: Plan, out: Path) -> Delivery:
        options = self.settings.delivery
        expires_at = self.now + options.expires
        store = storage.open_store(options.store, self.settings, until=expires_at)
        hosting.check_life(store, options.expires, now=self.now)
        store.ensure_ready()
        prefix = hosting.new_prefix(store)
        with Workspace(out) as workspace:
            archives = workspace.folder / _ARCHIVES
            packed = packing.pack_archives(plan, archives, progress=self.progress, cancel=self.cancel)
            uploaded = self._upload(store, prefix, _uploads(packed))
            files = _with_digests(packed.files, uploaded)
            listed = manifest.MANIFEST_NAME
            manifest.write(workspace.folder / listed, plan.deliverable.name, files, _as_parts(packed.plan, uploaded))
            uploaded += self._upload(store, prefix, [Upload.of_path(workspace.folder / listed)])
            links = hosting.sign(store, uploaded, expires_in=options.expires, now=self.now)
            for link in links:
                hosting.try_link(link, cancel=self.cancel)
            shown = self._proof(packed.plan, workspace.folder, files, links[0].expires_at)
            manifest.write_checksums(workspace.folder / manifest.CHECKSUMS_NAME, [shown])
            workspace.publish([shown.filename, manifest.CHECKSUMS_NAME, listed])
        *links_shown, manifest_link = links
        return replace(
            self._begun(packed.plan, files, out),
            attachments=(replace(shown, path=str(out / shown.filename)),),
            links=tuple(links_shown),
            manifest=ManifestPlace(str(out / listed), manifest_link.url),
            store=options.store,
            prefix=prefix,
            expires_at=links[0].expires_at,
            notes=_link_notes(plan, store.notice),
        )

    def _upload(self, store: storage.Store, prefix: str, uploads: Sequence[Upload]) -> tuple[Uploaded, ...]:
        return hosting.upload(
            store, uploads, prefix=prefix, options=self.settings.upload, progress=self.progress, cancel=self.cancel
        )

    def _proof(self, plan: Plan, folder: Path, files: Sequence[FileEntry], expires_at: datetime | None) -> Attachment:
        options = self.settings.delivery
        path = proof.write(
            folder, name=plan.deliverable.name, files=files, when=self.now, order=options.order,
            language=options.language, expires_at=expires_at, progress=self.progress, cancel=self.cancel,
        )  # fmt: skip
        made = Upload.of_path(path).entry
        return Attachment(1, str(path), made.size, packing.sha256_of(path), PartKind.PROOF)

    def _begun(self, plan: Plan, files: tuple[FileEntry, ...], out: Path) -> Delivery:
        options = self.settings.delivery
        return Delivery(
            self.id, self.now, plan, files, out=str(out), order=options.order, language=options.language
        )
