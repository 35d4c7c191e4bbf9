from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.hosting.in_parts import MIB, part_size, whole_etag
from delivery.hosting.streamed import step_of
from delivery.storage.base import RemotePart

TIB = 1024**4


@given(st.integers(0, 48 * TIB + 800 * 1024**3), st.integers(1, 64 * MIB))
def test_any_size_fits_10_000_equal_parts_of_5_mib_to_5_gib(size: int, wanted: int) -> None:
    step = part_size(size, wanted)
    assert 5 * MIB <= step <= 5 * 1024**3
    assert step % MIB == 0
    assert -(-size // step) <= 10_000


def test_the_wish_counts_while_it_can() -> None:
    assert part_size(1024**3, 16 * MIB) == 16 * MIB
    assert part_size(1024**3, 1) == 5 * MIB
    assert part_size(TIB, 16 * MIB) == 105 * MIB


@pytest.mark.parametrize("etag", ["", "0123456789abcdef0123456789abcdef-1", "AbCdEf==", "ab"])
def test_parts_whose_etags_are_no_md5_are_compared_with_nothing(etag: str) -> None:
    md5 = "0123456789abcdef0123456789abcdef"
    assert whole_etag([RemotePart(1, 1, md5), RemotePart(2, 1, md5)]) == "5775d833b6f80e83231f82899ce76c00-2"
    assert whole_etag([RemotePart(1, 1, md5), RemotePart(2, 1, etag)]) == ""


@pytest.mark.parametrize(
    ("size", "wanted", "step"),
    [(0, 16, 16), (0, 5, 5), (0, 512, 32), (400_000 * MIB, 16, 40), (5 * TIB, 16, 64)],
)
def test_two_parts_of_a_stream_fit_the_memory_unless_it_needs_larger_ones(size: int, wanted: int, step: int) -> None:
    assert step_of(size, wanted * MIB) == step * MIB
