"""The one reader of delivered bytes: it hashes what it reads and refuses a file that has changed since intake."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from delivery.errors import REFUSED, DeliveryError, LocalError, SourceChangedError
from delivery.escape import printable
from delivery.intake.windows_paths import no_such_name
from delivery.memory import read_buffer
from delivery.model import FileEntry

BLOCK = 1024 * 1024
OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class Source:
    """A context manager over one entry's bytes, read in order from the start.

    After the last byte :attr:`sha256` is known. Raises LocalError when the file cannot be opened or read, and
    SourceChangedError when its size or time is not what intake saw, at the start or at the end.
    """

    def __init__(self, entry: FileEntry) -> None:
        self.entry = entry
        self.position = 0
        self._digest = hashlib.sha256()
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._descriptor = open_entry(self.entry)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close(self._descriptor)
        self._descriptor = -1

    def readinto(self, buffer: memoryview | bytearray) -> int:
        """Fill ``buffer`` from the file; 0 at the end. The bytes read are hashed."""
        view = memoryview(buffer)
        count = _read(self.entry, self._descriptor, view)
        if count:
            self._digest.update(view[:count])
            self.position += count
            if self.position > self.entry.size:
                raise changed(self.entry)
        else:
            ensure_unchanged(self.entry, self._descriptor)
            if self.position != self.entry.size:
                raise changed(self.entry)
        return count

    def read_all(self, buffer: memoryview) -> int:
        """All of a small file into ``buffer``, which has room for one byte more; its size. Raises as readinto does.

        One call fewer than reading up to the end: the size says that there is nothing behind it.
        """
        size = self.entry.size
        while self.position < size and self.readinto(buffer[self.position : size + 1]):
            pass
        if size:
            ensure_unchanged(self.entry, self._descriptor)
        else:
            self.readinto(buffer[:1])  # what is no ordinary file may say 0, whatever it holds
        return size

    @property
    def sha256(self) -> str:
        """Lower-case hex of what has been read so far: the whole file once :meth:`readinto` has returned 0."""
        return self._digest.hexdigest()


def read_again(entry: FileEntry, start: int, size: int, block: int) -> Iterator[memoryview]:
    """``size`` bytes from ``start`` on, in blocks of which each is good until the next; nothing is hashed.

    Raises as Source does; bytes that changed with size and time kept are for the caller to notice.
    """
    with opened(entry) as descriptor:
        os.lseek(descriptor, start, os.SEEK_SET)
        buffer = read_buffer(min(block, size))
        while size:
            count = _read(entry, descriptor, buffer[:size])
            if not count:
                raise changed(entry)
            size -= count
            if not size:
                ensure_unchanged(entry, descriptor)  # before the last block is used, after which it would be too late
            yield buffer[:count]


def _read(entry: FileEntry, descriptor: int, view: memoryview) -> int:
    try:
        if hasattr(os, "readv"):
            return os.readv(descriptor, [view])
        data = os.read(descriptor, len(view))
    except OSError as error:
        raise unreadable(entry.path, error) from error
    view[: len(data)] = data
    return len(data)


@contextmanager
def opened(entry: FileEntry) -> Iterator[int]:
    """:func:`open_entry` for a block, in which a read may fail too: a bad sector, a share that has gone."""
    descriptor = open_entry(entry)
    try:
        yield descriptor
    except DeliveryError:
        raise
    except OSError as error:
        raise unreadable(entry.path, error) from error
    finally:
        close(descriptor)


def open_entry(entry: FileEntry) -> int:
    """A descriptor of the entry's file, checked to be the file that intake saw. The caller closes it."""
    try:
        descriptor = os.open(entry.path, OPEN_FLAGS)
    except OSError as error:
        raise unreadable(entry.path, error) from error
    try:
        ensure_unchanged(entry, descriptor)
    except BaseException:
        close(descriptor)
        raise
    return descriptor


def close(descriptor: int) -> None:
    """A disk that has gone says so even here, where it no longer matters: what was read was compared already."""
    with suppress(OSError):
        os.close(descriptor)


def ensure_unchanged(entry: FileEntry, descriptor: int) -> None:
    """Raise SourceChangedError unless the open file still is what intake saw."""
    try:
        now = os.fstat(descriptor)
    except OSError as error:
        raise unreadable(entry.path, error) from error
    if not stat.S_ISREG(now.st_mode) or (now.st_size, now.st_mtime_ns) != (entry.size, entry.mtime_ns):
        raise changed(entry)


def changed(entry: FileEntry) -> SourceChangedError:
    return SourceChangedError(
        f"{printable(entry.path)} changed while it was being read",
        hint="wait until whatever writes it has finished, then run the same command again",
    )


def unreadable(path: str, error: OSError) -> LocalError:
    """The words for a file that cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return LocalError(
            f"{printable(path)} is not there any more",
            hint="run the command again; if it was moved, name its new place",
            code="file-missing",
        )
    return LocalError(
        f"{printable(path)} cannot be read: {error.strerror or error}",
        hint=no_such_name(path, error) or _way_out(error),
        code="file-not-readable",
    )


def _way_out(error: OSError) -> str:
    if error.errno in REFUSED:
        return "check the file's permissions, and that no other program holds it"
    if error.errno == errno.ENAMETOOLONG:
        return "check the spelling; if it is right, shorten its name or those of the folders above it"
    return "see that its disk or share is connected and sound, then run the same command again"
