"""The verb: what a link leads to is found, what is missing is downloaded, each file put in place once it is right."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from delivery.errors import LocalError, UsageError
from delivery.escape import printable
from delivery.fetching import known, source
from delivery.fetching.client import Client
from delivery.fetching.download import Download, Item
from delivery.fetching.place import Place, choose
from delivery.fetching.source import Single
from delivery.fetching.transfer import Settle, Transfer
from delivery.fetching.units import Output, Unit, units
from delivery.intake.names import fold, unique
from delivery.model import Attachment, FileEntry, PartKind
from delivery.packing import manifest as writer
from delivery.packing.crew import Crew
from delivery.packing.manifest_reader import Manifest, PartRecord
from delivery.packing.trouble import writing
from delivery.planning.names import MANIFEST
from delivery.progress import CancelToken, Halt, Progress, hooks
from delivery.storage.watch import Watch
from delivery.values import path_of


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """One file that a fetch brought, found here, or would bring."""

    path: str
    """Where it lies here."""
    size: int
    sha256: str
    """Empty where a dry run had only the link of a single file, which states none."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """All of it is here; after a dry run, what would be."""

    out: str
    name: str
    files: tuple[FetchedFile, ...]
    """What this run brought."""
    already_there: tuple[FetchedFile, ...]
    """What lay here already, as it was sent, and was not downloaded again."""
    verified: bool
    """Every file has the SHA-256 that the manifest states. False for a single file's link, which states none, and for
    a dry run."""
    volumes_of: tuple[str, ...] = ()
    """Files that are here as volumes, to be joined."""
    dry_run: bool = False
    """Nothing was downloaded or written."""
    planned: tuple[FetchedFile, ...] = ()
    """In a dry run, what would be brought."""
    to_download: int = 0
    """In a dry run, the bytes that would be downloaded for it: zips and volumes whole."""


def fetch(
    url: str,
    out: Path | str | None = None,
    *,
    only: Sequence[str] = (),
    unpack: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Fetched:
    """Download the delivery that ``url`` leads to: the link of its page, of its manifest, or of a single file.

    ``out`` is made where it is missing; by default it is a new folder named after the delivery, or that of an earlier
    fetch of the same. ``only`` are patterns for paths or names: nothing but the parts that carry a match is brought.
    With ``unpack`` zips become their files, in their folders, and volumes the files that they were cut from.
    What is there already is compared and not brought again; a run that was cut off goes on where it stopped. Where a
    single file's link tells too little for that, the file is brought beside and compared. With ``dry_run`` the link
    is asked and what is here compared, the same is refused, and nothing is downloaded or written.

    Raises UsageError for no usable link and where nothing matches, StoreRefusedError for a link that has ended,
    StoreUnreachableError, IntegrityError where something else arrives than was sent, LocalError for the disk and for
    files in the way, Cancelled.
    """
    only = (only,) if isinstance(only, str) else tuple(only)
    folder = None if out is None else path_of(out)
    progress, cancel = hooks(progress, cancel)
    halt = Halt(cancel)
    client = Client(url, halt)
    run = _Run(client, Watch(progress=progress, cancel=halt), halt, dry_run)
    found = source.find(client, url, run.watch)
    if isinstance(found, Single):
        if only or unpack:
            raise UsageError(
                "this is the link of a single file, without a manifest that says what it holds",
                hint="leave out --only and --unpack, or give the link of the delivery page or of the manifest",
                code="no-manifest",
            )
        return run.single(found, folder or Path("."))
    return run.listed(found, folder, only, unpack)


class _Run:
    def __init__(self, client: Client, watch: Watch, halt: Halt, dry_run: bool) -> None:
        self.watch = watch
        self._dry_run = dry_run
        self._client = client
        self._halt = halt
        self._crew = Crew(halt)
        self._lock = threading.Lock()
        self._brought: dict[str, FetchedFile] = {}
        self._there: dict[str, FetchedFile] = {}

    def single(self, found: Single, out: Path) -> Fetched:
        target = out / found.name
        if os.path.lexists(target):
            if (sha256 := known.same(target, found, self._heard)) is not None:
                there = FetchedFile(str(target), found.size, sha256)
                return Fetched(str(out), found.name, (), (there,), verified=False, dry_run=self._dry_run)
            self.watch.progress.note(f"{printable(found.name)} lies here already: it is downloaded beside and compared")
        if self._dry_run:
            with Place(out, dry_run=True):
                planned = FetchedFile(str(target), found.size, "")
            return Fetched(
                str(out), found.name, (), (), verified=False, dry_run=True, planned=(planned,), to_download=found.size
            )
        parts = urlsplit(found.url)
        key = hashlib.sha256(f"{parts.netloc}{parts.path}".encode()).hexdigest()[:32]
        item = Item(found.name, found.size, None, key, found.url, whole=not (found.etag or found.modified))
        with Place(out) as place:

            def settle(download: Download) -> None:
                self._settle_single(download, Output(found.name, found.size, download.sha256), place)

            self._transfer([(item, settle)], place)
        brought, there_already = tuple(self._brought.values()), tuple(self._there.values())
        return Fetched(str(out), found.name, brought, there_already, verified=False)

    def _heard(self, count: int) -> None:
        self._halt.check()

    def _settle_single(self, download: Download, output: Output, place: Place) -> None:
        try:
            if place.has(output, self._heard):
                self._there[output.name] = _file(place.path_of(output.name), output)
                return
        except LocalError:
            download.discard()
            raise
        known.date(download.path, download.modified)
        self._put(place, download.path, output)

    def listed(self, manifest: Manifest, out: Path | None, only: Sequence[str], unpacked: bool) -> Fetched:
        todo = units(manifest, only=only, unpack=unpacked)
        marks = _without_links(manifest)
        called = unique(MANIFEST, {fold(output.name.partition("/")[0]) for unit in todo for output in unit.outputs})
        kept = Output(called, len(marks), hashlib.sha256(marks).hexdigest())
        if called != MANIFEST:
            self.watch.progress.note(f"the delivery itself holds a {MANIFEST}; its own manifest is {called}")
        with Place(out or choose(manifest.name, marks, kept.name), dry_run=self._dry_run) as place:
            is_kept = place.has(kept, lambda count: None)
            missing = self._missing(place, todo)
            parts = [part for unit in missing for part in unit.parts]
            lying = self._lying(place, parts) if unpacked else {}
            if self._dry_run:
                for output in (output for unit in missing for output in unit.outputs):
                    place.foresee(output.name)
            else:
                note = place.work / MANIFEST
                with writing(note):
                    note.write_bytes(marks)
                self._transfer([item for unit in missing for item in self._items(unit, place, lying)], place)
                if not is_kept:
                    place.put(note, kept.name)
        names = [output.name for unit in todo for output in unit.outputs]
        return Fetched(
            str(place.out),
            manifest.name,
            tuple(self._brought[name] for name in names if name in self._brought),
            tuple(self._there[name] for name in names if name in self._there),
            verified=not self._dry_run,
            volumes_of=() if unpacked else tuple(dict.fromkeys(p.file for u in todo for p in u.parts if p.file)),
            dry_run=self._dry_run,
            planned=tuple(_file(place.path_of(o.name), o) for u in missing for o in u.outputs) if self._dry_run else (),
            to_download=sum(part.size for part in parts if part.filename not in lying) if self._dry_run else 0,
        )

    def _missing(self, place: Place, todo: Sequence[Unit]) -> list[Unit]:
        """What has to be brought. What is here is read whole and compared."""
        present = [output for unit in todo for output in unit.outputs if os.path.lexists(place.path_of(output.name))]
        if present:
            total = sum(output.size for output in present)
            with self.watch.progress.task("comparing what is here", total, "bytes") as task:

                def told(count: int) -> None:
                    self._halt.check()
                    task.advance(count)

                for output in present:
                    if place.has(output, told):
                        self._there[output.name] = _file(place.path_of(output.name), output)
        left = (u._replace(outputs=tuple(o for o in u.outputs if o.name not in self._there)) for u in todo)
        return [unit for unit in left if unit.outputs]

    def _lying(self, place: Place, parts: Sequence[PartRecord]) -> dict[str, Path]:
        """Which of ``parts`` an earlier fetch without `--unpack` put here as they were sent: they stay as they are."""
        found = {p.filename: place.find(Output(p.filename, p.size, p.sha256), self._heard) for p in parts}
        return {name: path for name, path in found.items() if path is not None}

    def _items(self, unit: Unit, place: Place, lying: Mapping[str, Path]) -> list[tuple[Item, Settle]]:
        """The parts of ``unit`` that do not lie here, the last of which to arrive puts it in place."""
        items = [_item(part) for part in unit.parts if part.filename not in lying]
        paths = [lying.get(part.filename, place.work / f"{_item(part).key}.part") for part in unit.parts]
        left = len(items)
        if not items:
            self._settle(unit, paths, place)

        def settle(download: Download) -> None:
            nonlocal left
            with self._lock:
                left -= 1
                if left:
                    return
            self._settle(unit, paths, place)

        return [(item, settle) for item in items]

    def _settle(self, unit: Unit, paths: Sequence[Path], place: Place) -> None:
        name, size, sha256 = unit.outputs[0]
        ours = [path for path in paths if path.parent == place.work]
        if ours and unit.members is None and (size, sha256) == (unit.parts[0].size, unit.parts[0].sha256):
            self._put(place, paths[0], unit.outputs[0])
            return
        from delivery.fetching import unpack

        folder = place.work / f"{_item(unit.parts[0]).key}.whole"
        with writing(folder):
            folder.mkdir(exist_ok=True)
        if unit.members is not None:
            wanted = {output.name for output in unit.outputs}
            made = unpack.unpack(paths[0], unit.parts[0].filename, unit.members, wanted, folder, self._crew)
        else:
            made = {name: folder / "0"}
            unpack.join(paths, name, size, sha256, made[name], self._crew)
        for output in unit.outputs:
            self._put(place, made[output.name], output)
        for path in ours:
            with writing(path):
                path.unlink()
        shutil.rmtree(folder, ignore_errors=True)

    def _put(self, place: Place, source: Path, output: Output) -> None:
        path = place.put(source, output.name)
        with self._lock:
            self._brought[output.name] = _file(path, output)

    def _transfer(self, items: Sequence[tuple[Item, Settle]], place: Place) -> None:
        if items:
            Transfer(items, place.work, client=self._client, watch=self.watch, halt=self._halt).run()


def _item(part: PartRecord) -> Item:
    assert part.url is not None  # source.find refused a manifest without links
    key = hashlib.sha256(f"{part.sha256}/{part.filename}".encode()).hexdigest()[:32]
    return Item(part.filename, part.size, part.sha256, key, part.url)


def _without_links(manifest: Manifest) -> memoryview:
    """The manifest as the seller's own copy has it, byte for byte."""
    carried: dict[str, list[str]] = {}
    for record in manifest.files:
        for filename in record.parts:
            carried.setdefault(filename, []).append(record.path)
    entries = [
        FileEntry(
            "", record.path, record.size, 0, media_type=record.media_type, sha256=record.sha256,
            original=record.renamed_from,
        )
        for record in manifest.files
    ]  # fmt: skip
    parts = [
        Attachment(
            part.message, part.filename, part.size, part.sha256, PartKind(part.kind),
            tuple(carried.get(part.filename, ())), part.offset,
        )
        for part in manifest.parts
    ]  # fmt: skip
    return memoryview(b"".join(writer.pieces(manifest.name, entries, parts, {})))


def _file(path: Path, output: Output) -> FetchedFile:
    return FetchedFile(str(path), output.size, output.sha256)
