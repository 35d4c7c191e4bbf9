"""The folder that a delivery is brought to: the unfinished waits in a folder of its own, nothing is overwritten."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from delivery.errors import LocalError
from delivery.escape import printable
from delivery.fetching.units import Output
from delivery.intake.links import is_link
from delivery.intake.names import mend_name, numbered
from delivery.intake.source import BLOCK, unreadable
from delivery.lock import locked
from delivery.memory import read_buffer
from delivery.packing.trouble import writing
from delivery.packing.workspace import PREFIX, in_use, is_live, refuse_no_folder
from delivery.patience import patiently
from delivery.planning.names import MANIFEST

WORK = f"{PREFIX}fetch"
_LOCK = "lock"
_MADE = "made"
"""A byte for each folder that was made for the delivery, and not by the user: the folder itself, and those above it."""


class Place:
    """A context manager. Left well, it removes what was unfinished; left with an error, it keeps it for next time.

    In a dry run it refuses the same and writes nothing.
    """

    def __init__(self, out: Path, *, dry_run: bool = False) -> None:
        self.out = out
        self._dry_run = dry_run
        self.work = out / WORK
        self._stack = ExitStack()
        self._checked: set[Path] = {out}

    def __enter__(self) -> Self:
        with writing(self.out):
            refuse_no_folder(self.out)
            if self._dry_run:
                _refuse_link(self.work)
                if is_live(self.work):
                    raise in_use(self.out)
                return self
            missing = [folder for folder in (self.out, *self.out.parents) if not folder.exists()]
            self.out.mkdir(parents=True, exist_ok=True)
            _refuse_link(self.work)
            self.work.mkdir(exist_ok=True)
            lock = self.work / _LOCK
            if not self._stack.enter_context(locked(lock)) or not lock.exists():  # it may just have been removed
                self._stack.close()
                raise in_use(self.out)
            if missing:
                (self.work / _MADE).write_bytes(b"." * len(missing))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._dry_run:
            return
        done, made = error is None, 0
        with suppress(OSError):  # the disk may have gone, with what lies on it
            done = done or not any(self.work.glob("*.part"))
            made = (self.work / _MADE).stat().st_size
        if done:  # under the lock, so that nothing goes which another run has begun
            shutil.rmtree(self.work, ignore_errors=True)
        self._stack.close()
        if done:
            with suppress(OSError):
                if os.name == "nt":  # where no open file can be removed, neither ours before nor another's now
                    (self.work / _LOCK).unlink()
                self.work.rmdir()  # network shares hide an open file that is removed, and it keeps its folder
            with suppress(OSError):
                for folder in (self.out, *self.out.parents)[:made]:
                    folder.rmdir()  # where nothing else lies in it

    def has(self, output: Output, told: Callable[[int], None]) -> bool:
        """Whether it is there already, as it was sent. Raises LocalError where something else has its name."""
        path = self.path_of(output.name)
        try:
            seen = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise unreadable(str(path), error) from error
        if not stat.S_ISREG(seen.st_mode) or seen.st_size != output.size or digest_of(path, told) != output.sha256:
            raise _taken(path)
        return True

    def find(self, part: Output, told: Callable[[int], None]) -> Path | None:
        """Where ``part`` lies as it was sent; one whose name is not safe was put there by no fetch."""
        with suppress(LocalError):
            if mend_name(part.name) == part.name and self.has(part, told):
                return self.path_of(part.name)
        return None

    def put(self, source: Path, name: str) -> Path:
        """Move the finished ``source`` to ``name``. Raises LocalError where something has that name."""
        target = self.path_of(name)
        with writing(target):
            self._make_folders(target.parent)
            if os.path.lexists(target):
                raise _taken(target)
            patiently(lambda: os.rename(source, target))
        return target

    def foresee(self, name: str) -> None:
        """Raise LocalError where :meth:`put` would, for a link or a file in the place of a folder."""
        path = self.path_of(name)
        for folder in path.parents[: name.count("/")]:
            _refuse_link(folder)
        with writing(path):
            refuse_no_folder(path.parent)

    def path_of(self, name: str) -> Path:
        return self.out.joinpath(*name.split("/"))  # units refused every name that is not safe

    def _make_folders(self, folder: Path) -> None:
        """Each folder down from ours, none of them a link to elsewhere."""
        if folder in self._checked:
            return
        self._make_folders(folder.parent)
        _refuse_link(folder)
        folder.mkdir(exist_ok=True)
        self._checked.add(folder)


def choose(name: str, marks: memoryview, manifest: str = MANIFEST) -> Path:
    """A folder here for the delivery ``name``: a new one, or that of an earlier fetch of the same (by its manifest)."""
    wanted = mend_name(name) if name else "delivery"
    candidates = numbered(wanted)
    folder = Path(wanted)
    while os.path.lexists(folder):
        for kept in (folder / manifest, folder / WORK / MANIFEST):
            with suppress(OSError):
                if kept.stat().st_size == len(marks) and kept.read_bytes() == marks:
                    return folder
        folder = Path(next(candidates))
    return folder


def digest_of(path: Path, told: Callable[[int], None]) -> str:
    digest, buffer = hashlib.sha256(), read_buffer(BLOCK)
    try:
        with path.open("rb", buffering=0) as stream:
            while count := stream.readinto(buffer):
                digest.update(buffer[:count])
                told(count)
    except OSError as error:
        raise unreadable(str(path), error) from error
    return digest.hexdigest()


def _refuse_link(path: Path) -> None:
    if is_link(path):
        raise LocalError(
            f"{printable(str(path))} is a link to another place: nothing is written through it",
            hint="remove it, or choose another folder with --out",
            code="out-is-a-link",
        )


def _taken(path: Path) -> LocalError:
    return LocalError(
        f"{printable(str(path))} exists already and is not what was sent",
        hint="move it away, or choose another folder with --out",
        code="out-exists",
    )
