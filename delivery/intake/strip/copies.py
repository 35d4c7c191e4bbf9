"""Which files are cleaned, where the copies lie, and what is told about them."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from delivery.errors import LocalError
from delivery.escape import listed, printable
from delivery.intake.names import extension
from delivery.intake.readers.formats import sniff
from delivery.intake.readers.office import DOCUMENTS
from delivery.intake.source import ensure_unchanged, opened
from delivery.intake.strip import office, pdf, pictures
from delivery.intake.strip.pieces import CannotStrip
from delivery.model import Deliverable, FileEntry
from delivery.patience import patiently
from delivery.places import private_dir, telling
from delivery.progress import CancelToken, NullProgress, Progress

LARGEST = 64 * 1024**2
"""Bytes of a picture or document; a larger one stays as it is, and that is told."""
_KEPT_FOR = 30 * 86400
_HEAD = 4096
_HINT = "{}; or deliver without --strip"
Cleaner = Callable[[bytes], tuple[bytes, tuple[str, ...]]]
"""Bytes in; bytes out, and the names of what was taken out. Raises CannotStrip."""

_CLEANERS: dict[str, Cleaner] = {"jpeg": pictures.jpeg, "png": pictures.png, "webp": pictures.webp, "pdf": pdf.clean}


class Removed(NamedTuple):
    """What was taken out of one file, or why nothing could be."""

    arcname: str
    what: tuple[str, ...] = ()
    problem: str = ""

    def __str__(self) -> str:
        name = printable(self.arcname)
        return f"{name}: {self.problem}" if self.problem else f"{name}: removed {', '.join(self.what)}"


class Stripped(NamedTuple):
    deliverable: Deliverable
    """The same arcnames in the same order; cleaned entries read from their copies."""
    removed: tuple[Removed, ...]


def summary(removed: tuple[Removed, ...]) -> tuple[str, ...]:
    """What was taken out, in a few sentences however many files there are; problems first, each on its own."""
    lines = [str(item) for item in removed if item.problem]
    groups: dict[tuple[str, ...], list[str]] = {}
    for item in removed:
        if item.what:
            groups.setdefault(item.what, []).append(item.arcname)
    for what, names in groups.items():
        lines.append(f"delivered without {', '.join(what)}: {listed(names)}")
    return tuple(lines)


def strip(
    deliverable: Deliverable, folder: Path, *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> Stripped:
    """Cleaned copies, in ``folder``, of the JPEG, PNG, WebP, PDF and Office files that have something to take out.

    The same file gives the same copy at the same place with the same time, so that an interrupted upload resumes.
    Copies that no delivery asked for in a month are removed. Raises LocalError, SourceChangedError and Cancelled.
    """
    cancel = cancel or CancelToken()
    with telling(f"the folder for cleaned copies, {printable(str(folder))}, cannot be used", hint=_HINT):
        private_dir(folder)
        _tidy(folder)
    entries, removed, made = list(deliverable.entries), list[Removed](), list[Path]()
    with (progress or NullProgress()).task("Removing metadata", len(entries), "files") as task, _room_given_back(made):
        for at, entry in enumerate(entries):
            cancel.check()
            cleaner = office.clean if extension(entry.arcname) in DOCUMENTS else None
            if cleaner or entry.size:
                entries[at], told = _clean(entry, folder, cleaner, made)
                removed += [told] if told else []
            task.advance(1)
    return Stripped(replace(deliverable, entries=tuple(entries)), tuple(removed))


@contextmanager
def _room_given_back(made: Sequence[Path]) -> Iterator[None]:
    """A full disk does not stay full of copies that nobody may come for."""
    try:
        yield
    except LocalError as error:
        if error.code == "disk-full":
            for place in made:
                with suppress(OSError):
                    place.unlink()
        raise


def _clean(
    entry: FileEntry, folder: Path, cleaner: Cleaner | None, made: list[Path]
) -> tuple[FileEntry, Removed | None]:
    with opened(entry) as descriptor, open(descriptor, "rb", closefd=False) as stream:
        head = stream.read(_HEAD)
        cleaner = cleaner if cleaner and head[:2] == b"PK" else _CLEANERS.get(sniff(head))
        if cleaner is None:
            return entry, None
        if entry.size > LARGEST:
            return entry, Removed(entry.arcname, problem="too large to clean; it is delivered as it is")
        data = head + stream.read()
        ensure_unchanged(entry, descriptor)
    try:
        cleaned, what = cleaner(data)
    except CannotStrip as error:
        return entry, Removed(entry.arcname, problem=f"not cleaned, delivered as it is: {error}")
    if not what:
        return entry, None
    path, mtime_ns = _keep(entry, cleaned, folder, made)
    copy = replace(entry, path=path, size=len(cleaned), mtime_ns=mtime_ns, sha256=None)
    return copy, Removed(entry.arcname, what)


def _keep(entry: FileEntry, cleaned: bytes, folder: Path, made: list[Path]) -> tuple[str, int]:
    """Path and time of the copy, which is written, and added to ``made``, only if it is not there already."""
    key = hashlib.sha256(f"{entry.path}\0{entry.arcname}".encode("utf-8", "surrogatepass") + cleaned).hexdigest()[:32]
    ending = extension(entry.arcname)
    place = folder / (f"{key}.{ending}" if ending.isalnum() else key)
    with telling(f"the cleaned copy of {printable(entry.path)} cannot be written", hint=_HINT):
        if not place.is_file() or place.read_bytes() != cleaned:
            _replace(place, cleaned)
            made.append(place)
        os.utime(place, ns=(time.time_ns(), entry.mtime_ns))
        mtime_ns = place.stat().st_mtime_ns
    return str(place), mtime_ns


def _replace(place: Path, data: bytes) -> None:
    """Whole or not at all, and nothing else is left."""
    handle, temporary = tempfile.mkstemp(dir=place.parent)
    try:
        with open(handle, "wb") as out:
            out.write(data)
        patiently(lambda: os.replace(temporary, place))
    except BaseException:
        os.unlink(temporary)
        raise


def _tidy(folder: Path) -> None:
    """The time of last use is the access time, which is set with each use because systems do not keep it."""
    for place in folder.iterdir():
        try:
            if place.is_file() and time.time() - place.stat().st_atime > _KEPT_FOR:
                place.unlink()
        except OSError:
            continue
