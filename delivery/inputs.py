"""What is handed over that is no path: bytes and streams, made files in a private folder while they are needed.

So every check and reader works on them as on any file. A stream that a store takes in parts may be left as it is, and
is then read by the upload itself.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from delivery import places
from delivery.errors import FULL, DeliveryError, LocalError, UsageError
from delivery.escape import printable
from delivery.intake.names import extension
from delivery.intake.streams import Stream
from delivery.lock import locked
from delivery.model import FileEntry
from delivery.progress import CancelToken, Progress, Task

Input: TypeAlias = "str | os.PathLike[str] | FileEntry"
"""A path, or an entry made with :meth:`FileEntry.from_bytes` or :meth:`FileEntry.from_stream`."""

_ENDING = re.compile("[a-z0-9]{1,16}")
_STARTING = 60
"""Seconds in which a lock that nobody holds may belong to a run that is just starting."""


class Held:
    """A private folder with what was made from bytes and streams.

    It is removed by :meth:`close`, or when nothing refers to it any more.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0
        self._end: weakref.finalize[[ExitStack], Held] | None = None

    def close(self) -> None:
        if self._end is not None:
            self._end()

    def take(
        self, inputs: Sequence[Input], *, leave_streams: bool, progress: Progress, cancel: CancelToken
    ) -> tuple[Input, ...]:
        """``inputs`` in their order: paths as they are, entries with their content in a file.

        With ``leave_streams`` a stream stays one, wrapped so that its first bytes can be looked at. Raises UsageError
        where there is none, and for an unusable name; LocalError for two of one name, a broken stream or a full disk;
        Cancelled.
        """
        given = _listed(inputs)
        _refuse_unusable([item for item in given if isinstance(item, FileEntry) and not item.path])
        return tuple(
            self._taken(item, leave_streams, progress, cancel) if isinstance(item, FileEntry) else item
            for item in given
        )

    def _taken(self, entry: FileEntry, leave_streams: bool, progress: Progress, cancel: CancelToken) -> FileEntry:
        if entry.content is None:
            return entry
        if isinstance(entry.content, bytes):
            return self._write(entry, [entry.content])
        stream = Stream(entry, cancel)
        if leave_streams:
            return replace(entry, content=stream)
        total = entry.size if entry.known_size else None
        with progress.task(f"reading {printable(entry.arcname)}", total, "bytes") as task:
            return self._write(entry, _blocks(stream, task, cancel))

    def _write(self, entry: FileEntry, blocks: Iterable[bytes]) -> FileEntry:
        self._count += 1
        ending = extension(entry.arcname)
        try:
            place = self._private() / (f"{self._count}.{ending}" if _ENDING.fullmatch(ending) else str(self._count))
            with place.open("xb") as out:
                for block in blocks:
                    out.write(block)
            os.utime(place, ns=(entry.mtime_ns, entry.mtime_ns))
            seen = place.stat()
        except DeliveryError:
            raise
        except OSError as error:
            raise LocalError(
                f"{printable(entry.arcname)} cannot be kept while it is delivered: {error.strerror or error}",
                hint=places.remedy(error),
                code="disk-full" if error.errno in FULL else "input-not-kept",
            ) from error
        return replace(
            entry,
            path=str(place),
            size=seen.st_size,
            mtime_ns=seen.st_mtime_ns,
            content=None,
            known_size=True,
        )

    def _private(self) -> Path:
        if self._folder is None:
            parent = places.private_dir(places.state_dir() / "inputs")
            _remove_dead(parent)
            stack = ExitStack()
            token = secrets.token_hex(8)
            lock, folder = parent / f"{token}.lock", parent / token
            stack.callback(_forget, lock)  # last, since Windows keeps a file that is open
            stack.enter_context(locked(lock))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            places.private_dir(folder)
            self._end = weakref.finalize(self, ExitStack.close, stack)
            self._folder = folder
        return self._folder


def _blocks(stream: Stream, task: Task, cancel: CancelToken) -> Iterator[bytes]:
    while data := stream.read():
        cancel.check()
        yield data
        task.advance(len(data))
    cancel.check()  # a cancelled writer ends its stream early, which must not pass for the whole


def _forget(lock: Path) -> None:
    with suppress(OSError):
        lock.unlink()


def _remove_dead(parent: Path) -> None:
    """What runs left behind that were killed: their locks are free."""
    for lock in parent.glob("*.lock"):
        with suppress(OSError):
            if time.time() - lock.stat().st_mtime < _STARTING:
                continue
            with locked(lock) as free:
                if free:
                    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            if free:
                _forget(lock)


def _listed(inputs: Iterable[Input]) -> tuple[Input, ...]:
    """Raise UsageError for what is no list of inputs: a path would be taken for a list of letters."""
    if isinstance(inputs, str | bytes | os.PathLike | FileEntry) or not isinstance(inputs, Iterable):
        shown, hint = type(inputs).__name__, "give a list of paths and entries"
        if isinstance(inputs, str | os.PathLike):
            shown = repr(os.fspath(inputs))
            hint = f"write [{shown}]"
        raise UsageError(f"{shown} is not a list of paths", hint=hint, code="paths")
    given = tuple(inputs)
    if not given:
        raise UsageError(
            "there is nothing to deliver: the list of paths is empty",
            hint="name the files or folders that hold the finished work",
            code="paths",
        )
    for item in given:
        path = os.fspath(item) if isinstance(item, os.PathLike) else item
        if path == "":
            raise UsageError(
                "one of the paths is empty, which would be the whole current folder",
                hint="check the variable that it came from, or write . for the folder that you are in",
                code="paths",
            )
        if not isinstance(path, str | FileEntry):
            raise UsageError(
                f"one of the inputs is neither a path nor an entry, but of the type {type(path).__name__}",
                hint="bytes go in as FileEntry.from_bytes(name, data), streams as FileEntry.from_stream(name, stream)",
                code="paths",
            )
    return given


def _refuse_unusable(entries: Sequence[FileEntry]) -> None:
    """Before a byte is read, and while an input has no other name than the caller's."""
    for entry in entries:
        name = str(entry.arcname)
        usable = isinstance(entry.arcname, str) and "\0" not in name
        if not usable or any(piece in ("", ".", "..") for piece in name.split("/")):
            raise UsageError(
                f"{printable(name)!r} cannot be the name of a delivered file",
                hint="give a name such as report.csv, or a relative path with / such as data/report.csv",
                code="input-name",
            )
        if not isinstance(entry.content, bytes) and not callable(getattr(entry.content, "read", None)):
            raise UsageError(
                f"{printable(name)} is to be read from {type(entry.content).__name__}, which is no stream",
                hint='give an open file, as of open(path, "rb"), or anything else with a method read',
                code="input-content",
            )
        if not isinstance(entry.size, int) or entry.size < 0:
            raise UsageError(
                f"{printable(name)} cannot have {entry.size!r} bytes",
                hint="state the size of the stream as a number of bytes, or leave it out",
                code="input-size",
            )
    names = [entry.arcname for entry in entries]
    twice = next((name for name, number in Counter(names).items() if number > 1), None)
    if twice is not None:
        raise LocalError(
            f"two inputs would both be called {printable(twice)}",
            hint="give one of them another name",
            code="same-name",
        )
