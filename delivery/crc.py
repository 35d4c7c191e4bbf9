"""CRC-32: of bytes, and of a whole from those of its pieces, as full-object checksums of stores need it.

zlib-ng's takes a quarter of the time of zlib's.
"""

from __future__ import annotations

from collections.abc import Iterable

try:
    from zlib_ng.zlib_ng import crc32
except ImportError:
    from zlib import crc32

crc32(bytes(64))  # the first call chooses the code for this processor: better here than on two threads at once

__all__ = ["Crc32", "combine", "crc32"]

_POLYNOMIAL = 0xEDB88320
_Matrix = list[int]


class Crc32:
    """As hashlib's objects, for what is read piece by piece."""

    def __init__(self) -> None:
        self.value = 0

    def update(self, data: memoryview, /) -> None:
        self.value = crc32(data, self.value)


def combine(pieces: Iterable[tuple[int, int]]) -> int:
    """The CRC-32 of all pieces in order; each is given as (its CRC-32, its size in bytes)."""
    whole = 0
    powers: dict[int, _Matrix] = {}
    for crc, size in pieces:
        if size not in powers:
            powers[size] = _shift(size)
        whole = _times(powers[size], whole) ^ crc
    return whole


def _shift(size: int) -> _Matrix:
    """What ``size`` zero bytes do to a CRC, as a matrix over GF(2)."""
    result = [1 << bit for bit in range(32)]
    step = [_POLYNOMIAL] + [1 << bit for bit in range(31)]  # one zero bit
    bits = size * 8
    while bits:
        if bits & 1:
            result = [_times(step, row) for row in result]
        step = [_times(step, row) for row in step]
        bits >>= 1
    return result


def _times(matrix: _Matrix, vector: int) -> int:
    total = 0
    for row in matrix:
        if not vector:
            break
        if vector & 1:
            total ^= row
        vector >>= 1
    return total
