"""Memory to read blocks into, placed where the system copies fastest."""

from __future__ import annotations

import mmap
from contextlib import suppress

_ASIDE = 32
"""Bytes; where a large block of memory begins is a multiple of a page, with at most 16 more."""


def read_buffer(size: int) -> memoryview:
    """``size`` bytes of new memory to read into.

    Several families of processors take five times as long to copy from the system's cache, whose pages begin at 0, to
    memory that begins up to 31 bytes behind a page; a large ``bytearray`` begins 16 bytes behind one.
    """
    return memoryview(bytearray(_ASIDE + size))[_ASIDE:]


def pages(size: int) -> memoryview:
    """New memory that begins where a page does, in large pages where the system has them. ``size`` is at least 1.

    Small pages take longer to be used for the first time than reading into them does.
    """
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return memoryview(mmap.mmap(-1, size))
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANON)
    with suppress(OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)
