"""What the cleaners share."""

from __future__ import annotations

import struct


class CannotStrip(Exception):
    """The file is not as it should be, or cleaning would change more than its metadata. The text says why."""


def orientation(exif: bytes) -> int:
    """How a viewer turns the picture, 1 (as it is) to 8: the one value of EXIF that cleaning must keep."""
    if exif[:4] not in (b"II*\0", b"MM\0*") or len(exif) < 10:
        return 1
    order = "<" if exif[:2] == b"II" else ">"
    start = struct.unpack_from(order + "I", exif, 4)[0]
    if start + 2 > len(exif):
        return 1
    for index in range(min(struct.unpack_from(order + "H", exif, start)[0], 200)):
        place = start + 2 + 12 * index
        if place + 12 > len(exif):
            return 1
        tag, kind, count = struct.unpack_from(order + "HHI", exif, place)
        if (tag, kind, count) == (0x0112, 3, 1):
            value = int(struct.unpack_from(order + "H", exif, place + 8)[0])
            return value if 1 <= value <= 8 else 1
    return 1


def orientation_alone(value: int) -> bytes:
    """EXIF that says nothing but the orientation."""
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x0112, 3, 1, value, 0, 0)
