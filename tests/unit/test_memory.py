from __future__ import annotations

import ctypes
import mmap

import pytest

from delivery.memory import pages, read_buffer


@pytest.mark.parametrize("large", [True, False])
def test_memory_is_as_long_as_was_asked_and_may_be_written(monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    if not large:  # as on Windows and macOS
        monkeypatch.delattr(mmap, "MADV_HUGEPAGE", raising=False)
    block = pages(3 * 1024**2 + 1)
    assert (len(block), block.readonly, block[0], block[-1]) == (3 * 1024**2 + 1, False, 0, 0)
    block[-1:] = b"x"
    assert bytes(block[-2:]) == b"\0x"


def test_a_buffer_does_not_begin_where_copying_is_slow() -> None:
    buffer = read_buffer(64 * 1024**2)  # so large that no system has it from memory used before
    assert (len(buffer), buffer.readonly, buffer[0], buffer[-1]) == (64 * 1024**2, False, 0, 0)
    assert ctypes.addressof(ctypes.c_char.from_buffer(buffer)) % mmap.PAGESIZE not in range(1, 32)
    assert len(read_buffer(0)) == 0
