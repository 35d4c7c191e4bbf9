"""Memory for large blocks, whose first use takes longer than reading into it does where its pages are small."""

from __future__ import annotations

import mmap
from contextlib import suppress


def pages(size: int) -> memoryview:
    """New memory that begins where a page does, in large pages where the system has them. ``size`` is at least 1."""
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return memoryview(mmap.mmap(-1, size))
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANON)
    with suppress(OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)
