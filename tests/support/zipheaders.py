"""A strict reader of zip headers: it accepts only the form that opens everywhere, and says what is not of that form."""

from __future__ import annotations

import struct
import unicodedata
import zlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Member:
    name: str
    method: int
    size: int
    crc: int
    mtime: int
    mode: int


def read(path: Path) -> list[Member]:
    """The members, after every rule was asserted: headers that agree, no gap, no Zip64, no data descriptor."""
    data = path.read_bytes()
    assert len(data) < 2**31
    assert data.rfind(b"PK\x05\x06") == len(data) - 22, "an end record, and nothing after it"
    _, disk, first_disk, here, count, central_size, central_at, comment = struct.unpack("<4sHHHHIIH", data[-22:])
    assert (disk, first_disk, comment) == (0, 0, 0)
    assert here == count < 0xFFFF
    assert central_at + central_size == len(data) - 22
    members = []
    at, expected = central_at, 0
    for _ in range(count):
        (magic, made, needs, flags, method, clock, day, crc, packed, size, name_len, extra_len, note_len, start_disk,
         inner, attributes, offset) = struct.unpack("<4sHHHHHHIIIHHHHHII", data[at : at + 46])  # fmt: skip
        assert (magic, needs, note_len, start_disk, inner) == (b"PK\x01\x02", 20, 0, 0, 0)
        assert made >> 8 == 3
        raw = data[at + 46 : at + 46 + name_len]
        extra = data[at + 46 + name_len : at + 46 + name_len + extra_len]
        assert offset == expected, "members follow each other without a gap"
        local = struct.unpack("<4sHHHHHIIIHH", data[offset : offset + 30])
        assert local == (b"PK\x03\x04", needs, flags, method, clock, day, crc, packed, size, name_len, extra_len)
        assert data[offset + 30 : offset + 30 + name_len] == raw
        assert data[offset + 30 + name_len : offset + 30 + name_len + extra_len] == extra
        assert flags & ~0x800 == 0, "no data descriptor, no encryption"
        assert method in (0, 8)
        assert 0xFFFFFFFF not in (packed, size, offset)
        assert extra[:5] == b"UT\x05\x00\x01"
        assert extra_len == 9, "no Zip64 field"
        name = raw.decode("utf-8")
        assert raw.isascii() or flags & 0x800
        assert name == unicodedata.normalize("NFC", name)
        body = data[offset + 30 + name_len + extra_len :][:packed]
        content = zlib.decompress(body, -15) if method == 8 else body
        assert (len(content), zlib.crc32(content)) == (size, crc)
        members.append(Member(name, method, size, crc, struct.unpack("<i", extra[5:])[0], attributes >> 16))
        expected = offset + 30 + name_len + extra_len + packed
        at += 46 + name_len + extra_len
    assert expected == central_at
    assert at == len(data) - 22
    return members
