"""CRC-32 of a whole from the CRC-32 of its pieces, as full-object checksums of stores need it."""

from __future__ import annotations

from collections.abc import Iterable

_POLYNOMIAL = 0xEDB88320
_Matrix = list[int]


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
