from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from delivery.crc import combine, crc32


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_the_checksum_of_the_whole_follows_from_its_pieces(pieces: list[bytes]) -> None:
    assert combine((crc32(piece), len(piece)) for piece in pieces) == zlib.crc32(b"".join(pieces))


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_it_is_the_ordinary_checksum_and_goes_on_from_an_earlier_one(first: bytes, more: bytes) -> None:
    assert crc32(memoryview(more), crc32(first)) == zlib.crc32(first + more)
