"""What lies in a folder against its manifest. Anything that is not as sent is named."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from delivery.errors import IntegrityError, UsageError
from delivery.escape import printable
from delivery.intake.source import BLOCK, unreadable
from delivery.memory import read_buffer
from delivery.packing import manifest_reader
from delivery.packing.crew import Crew
from delivery.packing.direct import write_all
from delivery.packing.manifest_reader import FileRecord, Manifest, PartRecord, is_plain_name, volume_sets
from delivery.packing.trouble import writing
from delivery.packing.workspace import flush_to_disk
from delivery.planning.names import CHECKSUMS
from delivery.progress import CancelToken, Progress, Task, hooks
from delivery.values import path_of

_SHOWN = 50
_OPTIONAL = frozenset({"joiner", "manifest", "proof"})
"""Kinds that carry nothing that was delivered: right where they lie, or not needed; a join passes them over, since
those of another delivery may lie there under their names."""


@dataclass(frozen=True, slots=True)
class Verified:
    """All is there and as it was sent."""

    manifest_path: str
    name: str
    parts: int
    """Parts that were checked as attachments."""
    files: int
    """Files that were checked on their own, because they are unpacked or joined already."""
    size: int
    """Bytes that were checked."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Parts that lie here under another name, as a browser gives: that name -> the name that was sent."""


def verify(
    place: str | os.PathLike[str], *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> Verified:
    """Check every part beside the manifest at ``place`` (a folder or the manifest), or the files in the parts' stead.

    Raises IntegrityError, which names everything that is missing, altered, truncated or swapped, LocalError, and
    UsageError (``sent-by-link``) for the folder that a delivery by link leaves with the seller: no file lies there.
    """
    manifest = manifest_reader.read(path_of(place))
    volume_sets(manifest)  # one that contradicts itself is not sound, though all that it names be there
    progress, cancel = hooks(progress, cancel)
    check = Check(manifest, progress, Crew(cancel))
    return check.run()


class Check:
    def __init__(self, manifest: Manifest, progress: Progress, crew: Crew) -> None:
        self._manifest = manifest
        self._progress = progress
        self._crew = crew
        self._present = _listing(manifest.place)
        self._problems: list[str] = []
        self._renamed: dict[str, str] = {}
        self._found: dict[str, str] = {}
        """Filename of a part -> the path of the file here that holds it."""

    def run(
        self, sets: Mapping[str, Sequence[PartRecord]] | None = None, targets: Mapping[str, Path] | None = None
    ) -> Verified:
        """Check all parts; those of ``sets`` are joined into ``targets`` on the way, unless something is missing."""
        sets = sets or {}
        joined = {part.filename for parts in sets.values() for part in parts}
        files = self._look(joined)
        if self._problems:  # nothing will be made, so volumes are compared like all else
            sets, joined = {}, set()
        alone = [p for p in self._manifest.parts if p.filename in self._found and p.filename not in joined]
        total = sum(part.size for part in self._manifest.parts if part.filename in self._found)
        total += sum(record.size for record in files)
        with self._progress.task("Checking", total, "bytes") as task:
            checks = (partial(self._check_part, part, task) for part in alone)
            others = (partial(self._check_file, record, task) for record in files)
            joins = (partial(self._join, parts, (targets or {})[path], task) for path, parts in sets.items())
            self._crew.run(chain(checks, others, joins))
        if self._problems:
            raise self._failure()
        parts_checked = len(self._found)
        return Verified(
            str(self._manifest.path), self._manifest.name, parts_checked, len(files), total, dict(self._renamed)
        )

    def foresee(self, sets: Mapping[str, Sequence[PartRecord]]) -> Verified:
        """Refuse what :meth:`run` would, as far as it shows without reading: what is missing, or of another size."""
        files = self._look({part.filename for parts in sets.values() for part in parts})
        found = [part for part in self._manifest.parts if part.filename in self._found]
        here = [(part.filename, part.size, self._found[part.filename]) for part in found]
        here += [(record.path, record.size, str(self._unpacked(record))) for record in files]
        for name, size, path in here:
            self._compare(name, size, "", _size(path), "")
        if self._problems:
            raise self._failure()
        return Verified(str(self._manifest.path), self._manifest.name, 0, 0, 0, dict(self._renamed))

    def _look(self, joined: set[str]) -> list[FileRecord]:
        """Find all parts, and the files that lie here in the stead of one; what is missing is a problem."""
        self._find_parts([p for p in self._manifest.parts if not joined or p.kind not in _OPTIONAL])
        missing = [p for p in self._manifest.parts if p.filename not in self._found and p.kind not in _OPTIONAL]
        files = self._files_instead([part.filename for part in missing], joined)
        if missing and not self._found and not files:
            self._refuse_sent_by_link()
        return files

    def _find_parts(self, parts: Sequence[PartRecord]) -> None:
        """By name first; then by size and content what a browser renamed, also because an altered one lies there."""
        for part in parts:
            path, size = self._present.get(part.filename, ("", -1))
            if size == part.size:
                self._found[part.filename] = path
        taken = set(self._found.values())
        sizes = {part.size for part in parts}
        spare: dict[str, list[tuple[str, str]]] = {}
        for name, (path, size) in self._present.items():
            if size in sizes and path not in taken:
                spare.setdefault(self._digest(path, None), []).append((name, path))
        for part in parts:
            here, others = self._found.get(part.filename), spare.get(part.sha256)
            if others and (here is None or self._digest(here, None) != part.sha256):
                name, self._found[part.filename] = others.pop()
                self._renamed[name] = part.filename
            elif here is None and part.filename in self._present:
                if part.kind not in _OPTIONAL:
                    self._found[part.filename] = self._present[part.filename][0]
                else:
                    name = printable(part.filename)
                    self._progress.note(f"{name} is not checked: it is another delivery's, or not as it was sent")

    def _refuse_sent_by_link(self) -> None:
        attached = manifest_reader.attached_to_links(self._manifest)
        here = [name for name in attached if name in self._present]
        for name in here:
            if self._digest(self._present[name][0], None) != attached[name]:
                raise IntegrityError(
                    f"{printable(name)} is altered: its SHA-256 is not the one in {CHECKSUMS}",
                    hint="send the work again for a new one; the files went by link and are not in this folder",
                )
        if attached:
            name, place = printable(self._manifest.name), printable(str(self._manifest.place))
            unharmed = f", where {', '.join(map(printable, here))} is as it was made" if here else ""
            raise UsageError(
                f"the files of {name} went by link and are not in {place}{unharmed}",
                hint="to check what the link gives, run `delivery fetch LINK -o DIR`, then `delivery verify DIR`; "
                "`delivery list` tells the ID and `delivery message ID` the link",
                code="sent-by-link",
            )

    def _files_instead(self, lost: Sequence[str], joined: set[str]) -> list[FileRecord]:
        """The files that lie here unpacked in the stead of lost parts; what is missing of either is named.

        One file of a part is enough to tell that it was unpacked: from then on files can be missing, the part cannot.
        """
        carried: dict[str, list[FileRecord]] = {filename: [] for filename in lost}
        known = {part.filename for part in self._manifest.parts}
        carried[""] = [record for record in self._manifest.files if known.isdisjoint(record.parts)]
        for record in self._manifest.files:
            for filename in record.parts:
                if filename in carried and filename not in joined:
                    carried[filename].append(record)
        files: dict[str, FileRecord] = {}
        for filename, records in carried.items():
            here = {record.path: record for record in records if os.path.isfile(self._unpacked(record))}
            files |= here
            if here or not filename:
                origin = f": it came in {printable(filename)}" if filename else ""
                gone = (record.path for record in records if record.path not in here)
                self._problems += [f"{printable(path)} is missing{origin}" for path in gone]
            else:
                self._problems.append(f"{printable(filename)} is missing{self._held_alone(filename, records)}")
        return list(files.values())

    def _held_alone(self, filename: str, records: Sequence[FileRecord]) -> str:
        """Whether a part or the one file that it carried is what was here cannot be told, so both are named."""
        if len(records) != 1 or records[0].path == filename or any(part in self._found for part in records[0].parts):
            return ""
        return f", and so is {printable(records[0].path)}"

    def _unpacked(self, record: FileRecord) -> Path:
        return self._manifest.place.joinpath(*record.path.split("/"))  # is_safe_path held when it was read

    def _check_part(self, part: PartRecord, task: Task) -> None:
        path = self._found[part.filename]
        self._compare(part.filename, part.size, part.sha256, _size(path), self._digest(path, task))

    def _check_file(self, record: FileRecord, task: Task) -> None:
        path = str(self._unpacked(record))
        self._compare(record.path, record.size, record.sha256, _size(path), self._digest(path, task))

    def _join(self, parts: Sequence[PartRecord], target: Path, task: Task) -> None:
        """Slices and whole are hashed in the pass that joins them, the whole by a thread of its own."""
        whole = hashlib.sha256()
        with writing(target), target.open("wb", buffering=0) as out, ThreadPoolExecutor(1, "digest") as thread:
            for part in parts:
                path = self._found[part.filename]
                digest = hashlib.sha256()
                for block in self._blocks(path, task):
                    hashed = thread.submit(whole.update, block)
                    digest.update(block)
                    write_all(out, block)
                    hashed.result()
                self._compare(part.filename, part.size, part.sha256, _size(path), digest.hexdigest())
            flush_to_disk(out)
        record = next(file for file in self._manifest.files if file.path == parts[0].file)
        if whole.hexdigest() != record.sha256 and not self._problems:
            self._problems.append(f"{printable(record.path)} joined is not the file that was sent")

    def _digest(self, path: str, task: Task | None) -> str:
        digest = hashlib.sha256()
        for block in self._blocks(path, task):
            digest.update(block)
        return digest.hexdigest()

    def _blocks(self, path: str, task: Task | None) -> Iterator[memoryview]:
        """The bytes of a file here; a block is valid until the next one is asked for."""
        buffer = read_buffer(BLOCK)
        try:
            with open(path, "rb", buffering=0) as stream:
                while count := stream.readinto(buffer):
                    self._crew.check()
                    if task is not None:
                        task.advance(count)
                    yield buffer[:count]
        except OSError as error:  # of this file alone: what is done with its blocks is not done in here
            raise unreadable(path, error) from error

    def _compare(self, name: str, size: int, sha256: str, real_size: int, real_sha256: str) -> None:
        if (size, sha256) == (real_size, real_sha256):
            return
        shown = printable(name)
        other = next((p.filename for p in self._manifest.parts if p.sha256 == real_sha256 and p.filename != name), None)
        if other is not None:
            self._problems.append(f"{shown} holds what belongs to {printable(other)}: they are swapped")
        elif real_size < size:
            self._problems.append(f"{shown} is truncated: {real_size:,} of {size:,} bytes are there")
        elif real_size > size:
            self._problems.append(f"{shown} is too long: {real_size:,} bytes instead of {size:,}")
        else:
            self._problems.append(f"{shown} is altered: its SHA-256 is not the one that was sent")

    def _failure(self) -> IntegrityError:
        problems = sorted(self._problems)
        lines = problems[:_SHOWN]
        if len(problems) > _SHOWN:
            lines.append(f"and {len(problems) - _SHOWN:,} more")
        return IntegrityError(
            "\n".join(lines), hint="download what is named here once more, then run the same command again"
        )


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError as error:
        raise unreadable(path, error) from error


def _listing(folder: Path) -> dict[str, tuple[str, int]]:
    """The plain files in ``folder``: name -> path and size."""
    try:
        with os.scandir(folder) as entries:
            return {
                unicodedata.normalize("NFC", entry.name): (entry.path, entry.stat().st_size)
                for entry in entries
                if is_plain_name(entry.name) and entry.is_file()
            }
    except OSError as error:
        raise unreadable(str(folder), error) from error
