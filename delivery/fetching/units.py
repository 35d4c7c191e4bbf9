"""What is brought, in units that are put in place whole: a part as it is, a zip's files, a file of volumes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from delivery.errors import IntegrityError, UsageError
from delivery.escape import printable
from delivery.intake.names import fold, mend
from delivery.packing.manifest_reader import FileRecord, Manifest, PartRecord, volume_sets
from delivery.packing.workspace import PREFIX


class Output(NamedTuple):
    """A file that will lie in the folder."""

    name: str
    """POSIX, relative, safe on every system."""
    size: int
    sha256: str


class Unit(NamedTuple):
    parts: tuple[PartRecord, ...]
    """What is downloaded for it: several only for volumes that are joined."""
    outputs: tuple[Output, ...]
    members: tuple[FileRecord, ...] | None = None
    """For a zip that is unpacked: every file that it must hold, and nothing else."""


def units(manifest: Manifest, *, only: Sequence[str] = (), unpack: bool = False) -> tuple[Unit, ...]:
    """What carries a file whose path, or which itself, matches one of ``only``; everything without them.

    Raises IntegrityError for names that have no place in a folder and for files that no part carries, UsageError where
    nothing matches.
    """
    carried: dict[str, list[FileRecord]] = defaultdict(list)
    for record in manifest.files:
        for filename in record.parts:
            carried[filename].append(record)
    _refuse_lost(manifest)
    sets = volume_sets(manifest)
    made = tuple(_unpacked(manifest, carried, sets, only) if unpack else _as_sent(manifest, carried, only))
    if not made and only:
        some = ", ".join(printable(record.path) for record in manifest.files[:5])
        raise UsageError(
            "no file of the delivery matches --only",
            hint=f"it holds {len(manifest.files):,} files: {some}{' ...' if len(manifest.files) > 5 else ''}",
            code="nothing-matches",
        )
    _refuse_unsafe([output.name for unit in made for output in unit.outputs])
    return made


def _as_sent(manifest: Manifest, carried: Mapping[str, list[FileRecord]], only: Sequence[str]) -> Iterator[Unit]:
    for part in manifest.parts:
        if not only or _matches(part.filename, only) or any(_matches(f.path, only) for f in carried[part.filename]):
            yield Unit((part,), (Output(part.filename, part.size, part.sha256),))


def _unpacked(
    manifest: Manifest,
    carried: Mapping[str, list[FileRecord]],
    sets: Mapping[str, Sequence[PartRecord]],
    only: Sequence[str],
) -> Iterator[Unit]:
    for part in manifest.parts:
        files = carried[part.filename]
        named = not only or _matches(part.filename, only)
        wanted = [record for record in files if named or _matches(record.path, only)]
        outputs = tuple(Output(record.path, record.size, record.sha256) for record in wanted)
        if part.kind == "archive":
            if outputs or named:
                yield Unit((part,), outputs, tuple(files))
        elif part.kind == "as-is":
            if [(record.size, record.sha256) for record in files] != [(part.size, part.sha256)]:
                raise _broken(f"it does not say which file {printable(part.filename)} is")
            if outputs:
                yield Unit((part,), outputs)
        elif part.kind != "volume" and named:
            yield Unit((part,), (Output(part.filename, part.size, part.sha256),))
    records = {record.path: record for record in manifest.files}
    for path, parts in sets.items():
        if not only or _matches(path, only) or any(_matches(part.filename, only) for part in parts):
            yield Unit(tuple(parts), (Output(path, records[path].size, records[path].sha256),))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    """By the whole path or its last piece, without regard to case; a name that holds brackets also as it stands.

    A pattern may hold decomposed letters, as names copied on macOS do, and the backslashes of Windows; the names of a
    delivery hold neither.
    """
    folded = fold(name)
    names = (folded, folded.rpartition("/")[2])
    wanted = [fold(pattern).replace("\\", "/") for pattern in patterns]
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in wanted for name in names)


def _refuse_lost(manifest: Manifest) -> None:
    """A file that nothing brings would be missing from what is then called complete."""
    known = {part.filename for part in manifest.parts}
    lost = next((file.path for file in manifest.files if not file.parts or not known.issuperset(file.parts)), None)
    if lost is not None:
        raise _broken(f"it lacks what carries {printable(lost)[:200]}")


def _refuse_unsafe(names: Sequence[str]) -> None:
    """The tool sends names that are safe and differ on every system; any others were made to do harm, or by mistake."""
    for name, mended in zip(names, mend(names), strict=True):
        if name != mended:
            raise _broken(f"it has a name that is not safe on every system, or twice: {printable(name)[:200]}")
        if fold(name).startswith(PREFIX):
            raise _broken(f"it has a name that is kept for unfinished work: {printable(name)[:200]}")


def _broken(why: str) -> IntegrityError:
    return IntegrityError(
        f"the manifest is not sound: {why}", hint="get it again from the seller", code="manifest-broken"
    )
