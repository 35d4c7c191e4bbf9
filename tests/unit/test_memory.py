from __future__ import annotations

import mmap

import pytest

from delivery.memory import pages


@pytest.mark.parametrize("large", [True, False])
def test_memory_is_as_long_as_was_asked_and_may_be_written(monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    if not large:  # as on Windows and macOS
        monkeypatch.delattr(mmap, "MADV_HUGEPAGE", raising=False)
    block = pages(3 * 1024**2 + 1)
    assert (len(block), block.readonly, block[0], block[-1]) == (3 * 1024**2 + 1, False, 0, 0)
    block[-1:] = b"x"
    assert bytes(block[-2:]) == b"\0x"
