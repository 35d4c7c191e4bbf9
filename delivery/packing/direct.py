"""Large files written past the system's cache, where it can be: a third of the CPU time, and nothing left to flush.

They are written once and not read again here, so the cache would only be filled with them. Elsewhere, and for what
is not aligned, writing falls back to the ordinary way by itself.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from delivery.memory import pages

_FLAG: int = getattr(os, "O_DIRECT", 0)
_FROM = 32 * 1024**2
_ALIGNMENT = 4096
_NO_SUCH_CALL = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENODEV, errno.ENOSYS, errno.EBADF})
BLOCK = 2 * 1024**2
"""Large enough that writing past the system's cache is fast, small enough to stay in the processor's."""


def open_new(path: Path, size: int) -> FileIO:
    """An unbuffered file to write ``size`` bytes to, with the room for them asked for at once."""
    out = _open(path, size)
    try:
        reserve(out.fileno(), size)
    except BaseException:
        out.close()
        raise
    return out


class Buffers:
    """Blocks of memory that begin where a page does, as writing past the cache needs it, lent again and again.

    Memory that is new costs more time than the reading of what goes into it. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._spare: deque[memoryview] = deque()

    @contextmanager
    def lent(self, count: int) -> Iterator[list[memoryview]]:
        """So many blocks, which nothing may use any more at the end."""
        blocks: list[memoryview] = []
        while len(blocks) < count:
            try:
                blocks.append(self._spare.pop())
            except IndexError:
                blocks.append(pages(BLOCK))
        try:
            yield blocks
        finally:
            self._spare.extend(blocks)


def write_all(out: FileIO, data: memoryview) -> None:
    """Write all of ``data``; a file may take less than it is given at a time."""
    while data:
        if len(data) % _ALIGNMENT:
            _use_cache(out)
        try:
            data = data[out.write(data) :]
        except OSError as error:
            if error.errno != errno.EINVAL or not _use_cache(out):
                raise


def reserve(descriptor: int, size: int) -> None:
    """Ask for the room on the disk at once: a full disk shows before the work, and the file lies in one piece.

    Where the disk has no such call, its free room is looked at.
    """
    if not size or not hasattr(os, "posix_fallocate"):
        return
    try:
        _allocate(descriptor, size)
    except OSError as error:
        if error.errno not in _NO_SUCH_CALL:
            raise
        disk, missing = os.fstatvfs(descriptor), size - 512 * os.fstat(descriptor).st_blocks
        if disk.f_blocks and missing > disk.f_bavail * disk.f_frsize:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def _allocate(descriptor: int, size: int) -> None:
    """By the disk itself. Where that cannot, as FAT and NTFS, GNU's library writes to each block, which takes minutes;
    but not in a file that is only written to at its end.
    """
    import fcntl

    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_APPEND)
    try:
        os.posix_fallocate(descriptor, 0, size)
    finally:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def _open(path: Path, size: int) -> FileIO:
    if _FLAG and size >= _FROM:
        try:
            return FileIO(path, "wb", opener=lambda name, flags: os.open(name, flags | _FLAG, 0o666))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
    return FileIO(path, "wb")


def _use_cache(out: FileIO) -> bool:
    """Go on through the cache; whether that is a change."""
    if not _FLAG:
        return False
    import fcntl

    flags = fcntl.fcntl(out, fcntl.F_GETFL)
    if not flags & _FLAG:
        return False
    fcntl.fcntl(out, fcntl.F_SETFL, flags & ~_FLAG)
    return True
