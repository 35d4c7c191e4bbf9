"""A lock between processes that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def try_lock(descriptor: int) -> bool:
    """Whether the lock on the open file was free and is ours now, until it is closed or this process ends.

    Raises OSError where the file system knows no locks.
    """
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path, *, wait: float = 0.0) -> Iterator[bool]:
    """Hold the lock at ``path`` for the block; gives False when it could not be had within ``wait`` seconds.

    The file stays behind: removing it would let two holders in. Children do not inherit the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        deadline = time.monotonic() + wait
        while not (held := try_lock(descriptor)) and time.monotonic() < deadline:
            time.sleep(0.05)
        yield held
    finally:
        with suppress(OSError):  # a disk that has gone says so even here; the lock is let go of all the same
            os.close(descriptor)
