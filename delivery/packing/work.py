"""A plan made real in a folder: zips, copies, volumes, the checksums and, last, the manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from delivery.errors import LocalError, PackingError
from delivery.escape import printable
from delivery.model import Attachment, Deliverable, FileEntry, Method, Part, PartKind, Plan, Via
from delivery.packing import manifest, slices
from delivery.packing.assemble import assemble
from delivery.packing.crew import Crew
from delivery.packing.spool import PackedSizes, Spool
from delivery.packing.trouble import writing
from delivery.packing.workspace import Workspace, refuse_unfit
from delivery.planning import message_with_room
from delivery.planning import plan as make_plan
from delivery.planning.names import CHECKSUMS, MANIFEST
from delivery.planning.types import is_taken
from delivery.progress import CancelToken, NullProgress, Progress, Task

_ARCHIVES = "archives"
_CARRIERS = (PartKind.AS_IS, PartKind.ARCHIVE, PartKind.VOLUME)


class Packed(NamedTuple):
    """What lies ready."""

    plan: Plan
    """As it was carried out, with the sizes that the parts really have."""
    files: tuple[FileEntry, ...]
    """Every file of the deliverable, with its digest where it was read."""
    attachments: tuple[Attachment, ...]
    """In the order of their messages."""
    manifest_path: str | None
    notes: tuple[str, ...] = ()
    """What was asked for and left out."""


def pack(
    plan: Plan,
    workspace: Workspace,
    *,
    language: str = "en",
    sheet: Callable[[Path, Sequence[FileEntry]], Path] | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Packed:
    """Make everything that is to be attached, and publish it in the output folder of ``workspace``.

    ``language`` is the joiner page's. ``sheet`` writes a proof sheet of the files into a folder, to be attached too
    where the platform takes it beside them.
    The zips are planned again with the sizes that they really have. Raises LocalError (``out-inside-source``,
    ``disk-full`` ...), SourceChangedError, PackingError (``plan-changed`` when the real sizes do not fit the way that
    was planned) and Cancelled.
    """
    if plan.method is not Method.ATTACH:
        raise PackingError("this plan hands over by link", hint="upload it, or plan it again with --via attach")
    out = workspace.out
    _refuse_inside(out, plan.deliverable)
    work = _Work(plan, workspace.folder, workspace.scratch, progress, cancel)
    work.run(_CARRIERS)
    attachments = work.finish(out, language)
    if sheet is not None:
        attachments += work.add_sheet(sheet(workspace.folder, work.files), out)
        attachments = tuple(sorted(attachments, key=attrgetter("message")))
    listed = [part for part in attachments if part.kind is not PartKind.MANIFEST]
    names = [part.filename for part in listed]
    manifest.write_checksums(workspace.folder / CHECKSUMS, listed)
    manifest_path = workspace.folder / MANIFEST
    if not manifest_path.exists():
        manifest.write(manifest_path, plan.deliverable.name, work.files, listed)
    workspace.publish([*names, CHECKSUMS, MANIFEST])
    return Packed(work.plan, work.files, attachments, str(out / MANIFEST), work.notes)


def pack_archives(
    plan: Plan,
    workspace: Workspace,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Packed:
    """For the link way: make only the archives of the plan, among the scratch of ``workspace``.

    They live until they are uploaded, and a run that ends before that makes them again, so nothing waits for the disk;
    the upload hashes them, so their attachments have no digest yet.
    Files that go as they are are read by the upload itself, straight from their source, so their entries in ``files``
    have no digest yet, and ``manifest_path`` is None: write it with :func:`delivery.packing.manifest.write` when every
    digest is known.
    """
    if all(part.kind is not PartKind.ARCHIVE for part in plan.parts):
        return Packed(plan, plan.deliverable.entries, (), None)
    _refuse_inside(workspace.out, plan.deliverable)
    folder = workspace.scratch / _ARCHIVES
    with writing(folder):
        folder.mkdir()
    work = _Work(plan, folder, workspace.scratch, progress, cancel, lasting=False)
    work.run((PartKind.ARCHIVE,))
    attachments = work.finish(folder, "en")
    return Packed(work.plan, work.files, attachments, None)


class _Work:
    """One packing under way, of parts in ``folder``, with room for what is only needed meanwhile in ``scratch``."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        scratch: Path,
        progress: Progress | None,
        cancel: CancelToken | None,
        *,
        lasting: bool = True,
    ) -> None:
        self.plan = plan
        self.files = plan.deliverable.entries
        self.notes: tuple[str, ...] = ()
        self._folder = folder
        self._scratch = scratch
        self._progress = progress or NullProgress()
        self._crew = Crew(cancel or CancelToken())
        self._lasting = lasting
        self._digests: dict[str, str] = {}
        self._made: dict[str, tuple[int, str]] = {}
        """By the part's filename: its size and SHA-256."""

    def run(self, kinds: Sequence[PartKind]) -> None:
        """Spool, plan again, and make the parts of these kinds."""
        archived = {id(e) for part in self.plan.parts if part.kind is PartKind.ARCHIVE for e in part.members}
        zipped = [entry for entry in self.plan.deliverable.entries if id(entry) in archived]
        del archived
        spool = Spool(self._scratch, zipped)
        try:
            self._make(set(kinds), spool)
        finally:
            spool.close()
        self.files = tuple(self._with_digests(spool))

    def _make(self, kinds: set[PartKind], spool: Spool) -> None:
        total = sum(part.size for part in self.plan.parts if part.kind in kinds - {PartKind.ARCHIVE})
        total += sum(entry.size for entry in spool.entries)
        with self._progress.task("Packing", total, "bytes") as task:
            places = {entry.arcname: place for place, entry in enumerate(spool.entries)}
            if places:
                spool.fill(self._crew, task)
                self._plan_again(PackedSizes(spool.packed, places))
            self._crew.run(self._jobs(kinds, spool, places, task))

    def _with_digests(self, spool: Spool) -> Iterator[FileEntry]:
        """The spool's entries stand in the order of the deliverable, so both are walked side by side."""
        place = 0
        for entry in self.plan.deliverable.entries:
            if place < len(spool.entries) and spool.entries[place] is entry:
                yield _with_digest(entry, self._digests.get(entry.arcname) or spool.sha256(place))
                place += 1
            else:
                yield _with_digest(entry, self._digests.get(entry.arcname, entry.sha256))

    def _plan_again(self, packed_sizes: Mapping[str, int]) -> None:
        before = self.plan
        via = Via.ATTACH if before.method is Method.ATTACH else Via.LINK
        after = make_plan(before.deliverable, before.profile, via=via, packed_sizes=packed_sizes)
        most = before.profile.limits.messages
        cut = [part for part in after.parts if part.kind is PartKind.VOLUME]
        if cut and all(part.kind is not PartKind.VOLUME for part in before.parts):
            raise _changed(f"{printable(cut[0].members[0].arcname)} does not compress enough to fit one attachment")
        if most is not None and before.messages <= most < after.messages:
            raise _changed(
                f"the zips need {after.messages} messages, and a delivery on {before.profile.title} is {most}"
            )
        reasons = after.reasons if before.method is Method.ATTACH else before.reasons
        self.plan = replace(after, reasons=reasons)

    def _jobs(
        self, kinds: set[PartKind], spool: Spool, places: Mapping[str, int], task: Task
    ) -> list[Callable[[], None]]:
        jobs: list[Callable[[], None]] = []
        volumes: dict[str, list[Part]] = {}
        for part in self.plan.parts:
            if part.kind is PartKind.ARCHIVE and part.kind in kinds:
                jobs.append(lambda part=part: self._archive(part, spool, places, task))  # type: ignore[misc]
            elif part.kind is PartKind.AS_IS and part.kind in kinds:
                jobs.append(lambda part=part: self._copy(part, task))  # type: ignore[misc]
            elif part.kind is PartKind.VOLUME and part.kind in kinds:
                volumes.setdefault(part.members[0].arcname, []).append(part)
        for parts in volumes.values():
            parts.sort(key=lambda part: part.offset)
            jobs.append(lambda parts=parts: self._cut(parts, task))  # type: ignore[misc]
        return jobs

    def _archive(self, part: Part, spool: Spool, places: Mapping[str, int], task: Task) -> None:
        path = self._folder / part.filename
        self._made[part.filename] = assemble(part, path, spool, places, self._crew, task, lasting=self._lasting)

    def _copy(self, part: Part, task: Task) -> None:
        entry = part.members[0]
        sha256 = slices.copy(entry, self._folder / part.filename, self._crew, task)
        self._made[part.filename] = (entry.size, sha256)
        self._digests[entry.arcname] = sha256

    def _cut(self, parts: Sequence[Part], task: Task) -> None:
        whole, digests = slices.cut(parts, self._folder, self._crew, task)
        self._digests[parts[0].members[0].arcname] = whole
        for part, digest in zip(parts, digests, strict=True):
            self._made[part.filename] = (part.size, digest)

    def finish(self, out: Path, language: str) -> tuple[Attachment, ...]:
        """The attachments, and the plan with their true sizes; writes the joiner page and manifest that go along."""
        made = [self._attachment(part, out) for part in self.plan.parts if part.filename in self._made]
        joiner = next((part for part in self.plan.parts if part.kind is PartKind.JOINER), None)
        if joiner is not None and (page := self._joiner(joiner, made, language)) is not None:
            made.append(self._whole(joiner, out, page))
        attached = next((part for part in self.plan.parts if part.kind is PartKind.MANIFEST), None)
        if attached is not None:
            path = self._folder / attached.filename
            manifest.write(path, self.plan.deliverable.name, self.files, made)
            made.append(self._whole(attached, out, path.read_bytes()))
        by_name = {attachment.filename: attachment for attachment in made}
        kept = [part for part in self.plan.parts if part.filename in by_name or self.plan.method is Method.LINK]
        parts = tuple(
            replace(part, index=index, total=len(kept), size=(by_name.get(part.filename) or part).size)
            for index, part in enumerate(kept, start=1)
        )
        self.plan = replace(self.plan, parts=parts)
        return tuple(by_name[part.filename] for part in parts if part.filename in by_name)

    def add_sheet(self, path: Path, out: Path) -> tuple[Attachment, ...]:
        """Attach the proof sheet at ``path`` to the first message that has room for it, where there is one."""
        content, profile = path.read_bytes(), self.plan.profile
        taken = [(part.message, part.size) for part in self.plan.parts]
        message = message_with_room(len(content), taken, profile.limits) if is_taken(path.name, profile) else None
        if message is None:
            self.notes = (f"no proof sheet: {profile.title} does not take one beside these files",)
            return ()
        self.plan = replace(self.plan, messages=max(self.plan.messages, message))
        digest = hashlib.sha256(content).hexdigest()
        return (Attachment(message, str(out / path.name), len(content), digest, PartKind.PROOF),)

    def _attachment(self, part: Part, out: Path) -> Attachment:
        size, sha256 = self._made[part.filename]
        members = tuple(entry.arcname for entry in part.members)
        return Attachment(part.message, str(out / part.filename), size, sha256, part.kind, members, part.offset)

    def _whole(self, part: Part, out: Path, content: bytes) -> Attachment:
        size, sha256 = slices.write_whole(self._folder / part.filename, content)
        return Attachment(part.message, str(out / part.filename), size, sha256, part.kind)

    def _joiner(self, part: Part, made: Sequence[Attachment], language: str) -> bytes | None:
        """The page that joins the volumes, or None where it is larger than the room kept for it."""
        from delivery.packing import joiner

        cut = {entry.arcname for entry in part.members}
        volumes = [a for a in made if a.kind is PartKind.VOLUME]
        files = [entry for entry in self.files if entry.arcname in cut]
        page = joiner.page(manifest.document(self.plan.deliverable.name, files, volumes), language=language)
        return page if len(page) <= part.size else None


def _with_digest(entry: FileEntry, sha256: str | None) -> FileEntry:
    """The entry itself, its digest filled in: the one thing about it that only reading tells.

    A copy of each of 100,000 entries would be 11 MB that nobody needs, since their plan goes on referring to the first.
    """
    if sha256 is not None:
        object.__setattr__(entry, "sha256", sha256)
    return entry


def _changed(why: str) -> PackingError:
    return PackingError(why, hint="send it as a link: --via link", code="plan-changed")


def refuse_out(out: Path, deliverable: Deliverable) -> None:
    """Raise LocalError where ``out`` is no folder for what is made of ``deliverable``. Nothing is written."""
    with writing(out):
        _refuse_inside(out, deliverable)
    refuse_unfit(out)


def _refuse_inside(out: Path, deliverable: Deliverable) -> None:
    """An output inside a delivered folder would be delivered by the next run."""
    target = Path(os.path.realpath(out))
    for folder in deliverable.folders:
        if target.is_relative_to(os.path.realpath(folder)):
            raise LocalError(
                f"{printable(str(out))} lies inside {printable(folder)}, which is delivered",
                hint="choose a folder beside it with --out",
                code="out-inside-source",
            )
