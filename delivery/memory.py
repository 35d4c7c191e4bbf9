"""Memory to read blocks into, placed where the system copies fastest."""

from __future__ import annotations

import mmap
from contextlib import suppress


def pages(size: int) -> memoryview:
    """``size`` bytes of new memory that begin where a page does, in large pages where the system has them.

    A ``bytearray`` of this length begins 16 bytes behind a page, and that is where several families of processors take
    five times as long to copy from the system's cache, whose pages begin at 0. New memory in small pages costs more
    than reading into it.
    """
    length = max(1, size)
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return memoryview(mmap.mmap(-1, length))[:size]
    memory = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANON)
    with suppress(OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)[:size]
