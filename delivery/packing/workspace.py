"""A temporary folder inside the output folder, from which finished files move to their final names all at once.

A run that is killed leaves the folder behind; the next run into the same place removes it, with what the dead run had
already moved. A lock that ends with its process tells a dead run from a live one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sys
import time
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from delivery.errors import LocalError
from delivery.escape import printable
from delivery.lock import try_lock
from delivery.packing.trouble import writing
from delivery.patience import patiently

PREFIX = ".delivery-unfinished-"
_LOCK = "lock"
_MOVING = "moving"
_READY = "ready"
_STARTING = 0.5
"""Seconds that a run may need from making its folder to holding the lock in it."""


class Workspace:
    """A context manager. What will be published is made in ``folder``, what is only needed meanwhile in ``scratch``.

    :meth:`publish` ends it well; leaving without that, or with an error after it, removes all.

    The output folder must be new or empty, unless it may lie ``among_others``.
    """

    def __init__(self, out: Path, *, among_others: bool = False) -> None:
        self.out = out
        self._among_others = among_others
        self._own = out / f"{PREFIX}{secrets.token_hex(4)}"
        self.folder = self._own / _READY
        self.scratch = self._own / "scratch"
        self._made: list[Path] = []
        """The output folder and those above it, as far as they were not there."""
        self._lock: IO[bytes] | None = None
        self._published: Sequence[str] = ()

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _make(self) -> None:
        with writing(self.out):
            refuse_no_folder(self.out)
            for missing in reversed([path for path in (self.out, *self.out.parents) if not path.exists()]):
                with contextlib.suppress(FileExistsError):  # another run was quicker
                    missing.mkdir()
                    self._made.append(missing)
            _remove_dead(self.out)
            if not self._among_others:
                _refuse_contents(self.out)
            self._own.mkdir()
            self._lock = (self._own / _LOCK).open("wb")
            _hold(self._lock)
            self.folder.mkdir()
            self.scratch.mkdir()

    def refuse_existing(self, names: Iterable[str]) -> None:
        """Raise LocalError when something already has one of the final names."""
        _refuse_existing(self.out, names)

    def publish(self, names: Sequence[str]) -> None:
        """Move the files called ``names`` from the work folder to the output folder, in that order.

        All must have been flushed to the disk. What is moved is noted first, so that a next run can undo half of it.
        """
        with writing(self.out):
            with (self._own / _MOVING).open("wb") as note:
                note.write("\0".join(names).encode("utf-8", "surrogateescape"))
                flush_to_disk(note)
            _flush_folder(self._own)
            self.refuse_existing(names)
            for name in names:
                patiently(lambda name=name: os.rename(self.folder / name, self.out / name))  # type: ignore[misc]
            _flush_folder(self.out)
            (self._own / _MOVING).unlink()
        self._published = names

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            with contextlib.suppress(OSError):  # a disk that has gone says so even here
                self._lock.close()
        if error is not None:
            _undo(self._own)
            for name in self._published:
                with contextlib.suppress(OSError):
                    (self.out / name).unlink()
        shutil.rmtree(self._own, ignore_errors=True)
        if error is not None:
            for made in reversed(self._made):
                with contextlib.suppress(OSError):
                    made.rmdir()


def is_plain(name: str) -> bool:
    """Whether ``name`` is that of a file in the same folder."""
    return name not in ("", ".", "..") and not any(separator in name for separator in "/\\\0:")


def refuse_unfit(out: Path, names: Iterable[str] | None = None) -> None:
    """Raise LocalError where :class:`Workspace` would, as far as it shows without writing anything.

    With the final ``names`` it may lie among others.
    """
    with writing(out):
        refuse_no_folder(out)
        if out.exists():
            doomed = _doomed(out)
            if names is None:
                _refuse_contents(out, but=doomed)
            else:
                _refuse_existing(out, (name for name in names if name not in doomed))


def is_abandoned(out: Path) -> bool:
    """Whether ``out`` holds what a killed run left to be removed, and nothing else."""
    try:
        doomed = _doomed(out)
        return bool(doomed) and all(path.name in doomed for path in out.iterdir())
    except OSError:
        return False


def flush_to_disk(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _remove_dead(out: Path) -> None:
    for leftover in _dead(out):
        _undo(leftover)
        shutil.rmtree(leftover, ignore_errors=True)


def _dead(out: Path) -> Iterator[Path]:
    """What killed runs left in ``out``. Raises LocalError at that of a run which lives."""
    for leftover in sorted(out.glob(f"{PREFIX}*")):
        try:
            live = is_live(leftover)
        except OSError as error:
            raise LocalError(
                f"whether another run is still writing to {printable(str(leftover))} cannot be told: {error.strerror}",
                hint="remove that folder if none is, or choose another one with --out",
                code="out-in-use",
            ) from error
        if live:
            raise in_use(out)
        yield leftover


def in_use(out: Path) -> LocalError:
    return LocalError(
        f"another run is writing to {printable(str(out))} right now",
        hint="wait for it, or choose another folder with --out",
        code="out-in-use",
    )


def _doomed(out: Path) -> set[str]:
    """The names in ``out`` that the next run into it removes."""
    return {name for leftover in _dead(out) for name in (leftover.name, *_half_moved(leftover))}


def _undo(folder: Path) -> None:
    """Remove what a run that did not end well had already moved to final names; what was moved whole stays."""
    for name in _half_moved(folder):
        with contextlib.suppress(OSError):
            (folder.parent / name).unlink()


def _half_moved(folder: Path) -> list[str]:
    try:
        noted = (folder / _MOVING).read_bytes().decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return []
    ready = folder / _READY
    waiting = {name for name in noted if is_plain(name) and os.path.lexists(ready / name)}
    return [name for name in noted if is_plain(name) and name not in waiting] if waiting else []


def refuse_no_folder(out: Path) -> None:
    """``out``, or where it is not there yet the place where it would be made, is a folder to write into."""
    there = next((path for path in (out, *out.parents) if os.path.lexists(path)), out)
    if os.path.lexists(there) and not there.is_dir():
        raise LocalError(
            f"{printable(str(there))} is not a folder", hint="choose another --out", code="out-not-a-folder"
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _refuse_contents(out: Path, but: Container[str] = ()) -> None:
    present = next((path for path in out.iterdir() if path.name not in but), None)
    if present is not None:
        raise LocalError(
            f"{printable(str(out))} is not empty: it holds {printable(present.name)}",
            hint="choose a new or empty folder with --out",
            code="out-not-empty",
        )


def _refuse_existing(out: Path, names: Iterable[str]) -> None:
    for name in names:
        if os.path.lexists(out / name):
            raise LocalError(
                f"{printable(str(out / name))} exists already",
                hint="move it away, or choose another folder with --out",
                code="out-exists",
            )


def _hold(lock: IO[bytes]) -> None:
    """Take the lock, which another run may hold for a moment to see whether this one lives.

    Some file systems know no locks: there a run goes without.
    """
    deadline = time.monotonic() + _STARTING
    with contextlib.suppress(OSError):
        while not try_lock(lock.fileno()) and time.monotonic() < deadline:
            time.sleep(0.005)


def is_live(folder: Path) -> bool:
    """Whether a run holds the lock in ``folder``; one that has only just made the folder is given time to take it.

    Raises OSError where that cannot be told, as on a disk that knows no locks.
    """
    deadline = time.monotonic() + _STARTING
    while True:
        try:
            with (folder / _LOCK).open("r+b") as lock:
                if not try_lock(lock.fileno()):
                    return True
        except FileNotFoundError:
            pass
        if not _is_young(folder) or time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def _is_young(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime < _STARTING
    except FileNotFoundError:
        return False


def _flush_folder(folder: Path) -> None:
    """So that the renames outlive a power cut. Windows keeps no such promise and needs no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
