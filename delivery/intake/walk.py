"""Paths become a Deliverable: every regular file below them, walked, stat'ed and typed, in a stable order."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from delivery.errors import DeliveryError, LocalError
from delivery.escape import decodable, printable
from delivery.intake import trouble
from delivery.intake.junk import Filter
from delivery.intake.links import is_link
from delivery.intake.many_types import type_in_place
from delivery.intake.names import fold, mend, shorten
from delivery.intake.source import unreadable
from delivery.intake.windows_paths import plain, reachable
from delivery.model import Deliverable, FileEntry, LeftOut
from delivery.places import absolute
from delivery.progress import CancelToken, NullProgress, Progress

_SHOWN_PROBLEMS = 10
_KEEPS_MODES = os.name == "posix"
_TAKES_ANY_CASE = os.name == "nt"
"""A file is found by its name in other letters, with blanks behind it, or by its short one (``REPORT~1.PDF``)."""
_MODE = 0o644  # what Windows says would have everyone write the unpacked file
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_DIGITS = re.compile("[0-9]+")
_NAME_BYTES = 200
_OWN_OUTPUT = "what this run prints is written into it"
_OWN = "the settings and records of this tool are not for the buyer"
_LINKED_FOLDER = "a link to a folder that is delivered anyway"
_LINKED_NOTHING = "a link to a folder of which nothing is delivered; put a copy in its place if it has to arrive"


def take_in(
    inputs: Sequence[str | os.PathLike[str] | FileEntry],
    *,
    keep_junk: bool = False,
    own: Sequence[Path] = (),
    shared: Sequence[Path] = (),
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Deliverable:
    """Everything that is to be delivered, as it is now: paths, and entries as they are. Nothing is hashed yet.

    One folder alone gives paths relative to itself; of several paths each keeps its own name in front. Links are
    followed when they are named directly or stay inside the folder. ``own`` are files and folders of this tool, which
    may hold keys and other buyers' deliveries: they are left out, whatever was named. ``shared`` folders are those that
    it keeps them in: left out inside another one, but when they or something in them are named, the rest is taken.

    Raises LocalError, which names every path that cannot be taken: missing, unreadable, neither file nor folder, a
    dangling link, a link out of the tree. Raises UsageError for a whole disk or the home folder.
    """
    progress, cancel = progress or NullProgress(), cancel or CancelToken()
    walk = _Walk(keep_junk=keep_junk, cancel=cancel, own=dict(_own([*shared, *own])), never=dict(_own(own)))
    given = [item for item in inputs if isinstance(item, FileEntry)]
    roots = [Path(item) for item in inputs if not isinstance(item, FileEntry)]
    if not all(root.is_absolute() for root in roots):
        absolute(Path())  # raises where it was removed, from which ``..`` still leads on
    trouble.refuse_too_much(roots)
    for root in roots:
        walk.add(root, alone=len(inputs) == 1)
    for entry in given:
        walk.take(entry)
    walk.raise_problems()
    if not walk.found:
        raise trouble.nothing(roots, walk.left_out)
    entries = sorted(walk.found.values(), key=lambda entry: _order(entry.arcname))
    walk.found.clear()
    _mend_in_place(entries)
    type_in_place(entries, progress, cancel)
    folders = tuple(os.path.realpath(root) for root in roots if os.path.isdir(root))
    return Deliverable(default_name(roots, given), tuple(entries), tuple(walk.left_out), folders)


def default_name(roots: Sequence[Path], given: Sequence[FileEntry]) -> str:
    """What a delivery of these is called: the folder's or file's own name, or the folder they share.

    The longest ones are shortened, since a folder or zip is to be called after it with something behind.
    """
    name = _shared_name(roots, given).strip(". ") or "delivery"
    return name if len(name.encode()) <= _NAME_BYTES else shorten(name, _NAME_BYTES)


def _shared_name(roots: Sequence[Path], given: Sequence[FileEntry]) -> str:
    if not roots:
        return PurePosixPath(mend([given[0].arcname])[0]).stem if len(given) == 1 else ""
    first = Path(os.path.abspath(roots[0]))  # resolve() would follow a link and take another name
    if len(roots) + len(given) > 1:
        first = first.parent
    stem = first.stem if os.path.isfile(first) else first.name
    return unicodedata.normalize("NFC", decodable(stem))


def _own_name(root: Path) -> str:
    """What a path that was named is called; one that ends in ``..`` names another folder."""
    if root.name == ".." or (_TAKES_ANY_CASE and root.name and not is_link(root)):
        with suppress(OSError):  # not every disk tells
            return os.path.basename(os.path.realpath(root))
    return root.name or absolute(root).name


@dataclass
class _Walk:
    keep_junk: bool
    cancel: CancelToken
    found: dict[str, FileEntry] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[DeliveryError] = field(default_factory=list)
    modes: dict[int, int] = field(default_factory=dict)
    """Each mode once: 100,000 equal integers would be 3 MB."""
    folders: dict[str, Path] = field(default_factory=dict)
    """What was named, by what it is called in the delivery."""
    own: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Device and inode of what is this run's or this tool's own, with the reason to leave it out."""
    never: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Of these, what is left out even where it, or what lies in it, was named."""
    around: dict[str, str | None] = field(default_factory=dict)
    """The reason to leave out what is named of each folder, or None."""

    def add(self, root: Path, *, alone: bool) -> None:
        try:
            status = root.stat()
        except (OSError, ValueError) as error:  # the latter for a name that no system can have
            self.problems.append(trouble.no_such_path(root, error))
            return
        own_name, is_folder = _own_name(root), stat.S_ISDIR(status.st_mode)
        tree = os.path.realpath(root) if is_folder or root.is_symlink() else str(root)
        if reason := self._within_own(tree if is_folder else os.path.dirname(tree)):
            self.left_out.append(LeftOut(decodable(own_name), reason))
        elif is_folder:
            known = self.folders.setdefault(fold(own_name), root)
            if os.path.realpath(known) != tree:  # their files would lie mixed in one folder
                self.problems.append(trouble.same_name(str(known), str(root), f"{own_name}/"))
            elif known is root:
                self._folder(root, Path(plain(tree)), "" if alone else f"{own_name}/")
        else:
            self._file(str(root), own_name, status)

    def _within_own(self, folder: str) -> str | None:
        """Why nothing in ``folder`` may go along, asked once for each: thousands of files may be named one by one."""
        if folder not in self.around:
            real = Path(os.path.realpath(folder))
            reasons = (_reason(self.never, place) for place in (real, *real.parents))
            self.around[folder] = next(filter(None, reasons), None)
        return self.around[folder]

    def take(self, entry: FileEntry) -> None:
        """An entry that was made beforehand; what is learnt of it is written into a copy."""
        own = replace(entry)
        known = self.found.setdefault(entry.arcname, own)
        if known is not own:
            self.problems.append(trouble.same_name(known.path or "an input", "another input", entry.arcname))

    def _folder(self, folder: Path, tree: Path, prefix: str) -> None:
        """Without recursion, so that depth costs nothing; folders are visited in a stable order."""
        junk = Filter(folder, keep_junk=self.keep_junk)
        top, start = prefix, len(prefix)
        linked: list[tuple[str, str]] = []
        waiting = [(str(folder), prefix)]
        while waiting:
            self.cancel.check()
            place, prefix = waiting.pop()
            try:
                with os.scandir(place) as listing:
                    children = sorted(listing, key=lambda child: child.name)
            except OSError as error:
                self.problems.append(unreadable(place, error))
                continue
            if not children and prefix:
                self.left_out.append(LeftOut(decodable(prefix), trouble.EMPTY_FOLDER))
            for child in children:
                path, arcname = reachable(child.path), prefix + child.name
                is_folder = child.is_dir(follow_symlinks=False)
                reason = junk.leave_out(arcname[start:], is_folder)
                if reason is not None:
                    self.left_out.append(LeftOut(decodable(f"{arcname}/" if is_folder else arcname), reason))
                elif child.is_symlink() or (is_folder and is_link(path)):  # a junction is a folder to Python
                    if target := self._link(path, arcname, tree):
                        below = "" if target == tree else f"{target.relative_to(tree).as_posix()}/"
                        linked.append((arcname, top + below))
                elif is_folder and (reason := _reason(self.own, path)):
                    self.left_out.append(LeftOut(decodable(f"{arcname}/"), reason))
                elif is_folder:
                    waiting.append((path, f"{arcname}/"))
                else:
                    self._entry(path, arcname)
        for arcname, target_prefix in linked:
            there = any(found.startswith(target_prefix) for found in self.found)
            self.left_out.append(LeftOut(decodable(arcname), _LINKED_FOLDER if there else _LINKED_NOTHING))

    def _entry(self, path: str, arcname: str) -> None:
        try:
            self._file(path, arcname, os.stat(path, follow_symlinks=False))
        except OSError as error:
            self.problems.append(unreadable(path, error))

    def _link(self, path: str, arcname: str, tree: Path) -> Path | None:
        """Take what the link leads to, where that is a file; a folder inside the tree is handed back."""
        try:
            real = os.path.realpath(path)
            status, target = Path(real).stat(), Path(plain(real))
        except OSError as error:
            self.problems.append(trouble.dangling(path) if error.errno in _NOT_THERE else unreadable(path, error))
            return None
        if not target.is_relative_to(tree):
            self.problems.append(
                LocalError(
                    f"{printable(path)} is a link that leads out of the folder, to {printable(str(target))}",
                    hint="put a copy in the link's place, or name that file on the command line too",
                    code="link-out-of-tree",
                )
            )
        elif stat.S_ISDIR(status.st_mode):
            return target
        elif reason := self._within_own(os.path.dirname(real)):
            self.left_out.append(LeftOut(decodable(arcname), reason))
        else:
            self._file(real, arcname, status)
        return None

    def _file(self, path: str, arcname: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            self.problems.append(
                LocalError(
                    f"{printable(path)} is neither a file nor a folder but {trouble.kind(status.st_mode)}",
                    hint="remove it from what you deliver",
                    code="not-a-file",
                )
            )
            return
        if reason := self.own.get((status.st_dev, status.st_ino)):
            self.left_out.append(LeftOut(decodable(arcname), reason))
            return
        known = self.found.get(arcname)
        if known is not None:
            if os.path.realpath(known.path) != os.path.realpath(path):
                self.problems.append(trouble.same_name(known.path, path, arcname))
            return
        mode = stat.S_IMODE(status.st_mode) if _KEEPS_MODES else _MODE
        self.found[arcname] = FileEntry(
            path, arcname, status.st_size, status.st_mtime_ns, self.modes.setdefault(mode, mode)
        )

    def raise_problems(self) -> None:
        """One problem as it is; several in one error, each on its own line."""
        if not self.problems:
            return
        if len(self.problems) == 1:
            raise self.problems[0]
        lines = [str(problem) for problem in self.problems[:_SHOWN_PROBLEMS]]
        if len(self.problems) > _SHOWN_PROBLEMS:
            lines.append(f"and {len(self.problems) - _SHOWN_PROBLEMS} more")
        hints = dict.fromkeys(problem.hint for problem in self.problems[:_SHOWN_PROBLEMS] if problem.hint)
        codes = {problem.code for problem in self.problems}
        raise LocalError("\n".join(lines), hint="; ".join(hints), code=codes.pop() if len(codes) == 1 else "inputs")


def _own(places: Sequence[Path]) -> Iterator[tuple[tuple[int, int], str]]:
    """Those of ``places`` that are there, and files that stdout and stderr are, as in ``delivery send . > a.txt``."""
    for place in places:
        with suppress(OSError):
            status = os.stat(place)
            yield (status.st_dev, status.st_ino), _OWN
    for descriptor in (1, 2):
        with suppress(OSError):  # it is closed
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):
                yield (status.st_dev, status.st_ino), _OWN_OUTPUT


def _reason(own: Mapping[tuple[int, int], str], place: str | Path) -> str | None:
    with suppress(OSError):  # what is gone or closed is told when it is listed
        status = os.lstat(place)
        return own.get((status.st_dev, status.st_ino))
    return None


def _mend_in_place(entries: list[FileEntry]) -> None:
    """Give each entry a name that survives every system; its old one is kept where people would see a change."""
    for place, arcname in enumerate(mend([entry.arcname for entry in entries])):
        entry = entries[place]
        if arcname != entry.arcname:
            seen = unicodedata.normalize("NFC", entry.arcname) != arcname
            entries[place] = replace(entry, arcname=arcname, original=decodable(entry.arcname) if seen else None)


def _order(arcname: str) -> tuple[str, str]:
    """As a person sorts: ``page 2`` before ``page 10``, folders kept together. A string, so that keys stay small."""
    by_value = _DIGITS.sub(lambda run: f"{len(run[0].lstrip('0')):04d}{run[0].lstrip('0')}", arcname.casefold())
    return by_value.replace("/", "\0"), arcname
