"""The one form of zip that is written: it opens in Explorer, Finder, on phones and everywhere else.

No data descriptors, no Zip64, names in UTF-8, times in UTC with the exact second in an extra field, Unix mode bits.
"""

from __future__ import annotations

import stat
import struct
import time
from functools import lru_cache
from typing import NamedTuple

STORED, DEFLATED = 0, 8
_UTF8 = 0x800
_UNIX = 3
_VERSION = 20
_EARLIEST = 315_532_800
"""1980-01-01, where zip times begin."""
_LATEST = 2**31 - 1
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_TIME = struct.Struct("<2sHBi")


class Member(NamedTuple):
    name: bytes
    mtime: int
    """Seconds since 1970."""
    mode: int
    method: int
    crc: int
    packed: int
    size: int


def local_header(member: Member) -> bytes:
    when = _clamped(member.mtime)
    time_of_day, day = _dos(when)
    extra = _TIME.pack(b"UT", 5, 1, when)
    head = _LOCAL.pack(
        b"PK\x03\x04", _VERSION, _flags(member.name), member.method, time_of_day, day,
        member.crc, member.packed, member.size, len(member.name), len(extra),
    )  # fmt: skip
    return head + member.name + extra


def central_header(member: Member, offset: int) -> bytes:
    when = _clamped(member.mtime)
    time_of_day, day = _dos(when)
    extra = _TIME.pack(b"UT", 5, 1, when)
    attributes = (stat.S_IFREG | stat.S_IMODE(member.mode)) << 16
    head = _CENTRAL.pack(
        b"PK\x01\x02", _UNIX << 8 | _VERSION, _VERSION, _flags(member.name), member.method, time_of_day, day,
        member.crc, member.packed, member.size, len(member.name), len(extra), 0, 0, 0, attributes, offset,
    )  # fmt: skip
    return head + member.name + extra


def end_record(count: int, central_size: int, central_offset: int) -> bytes:
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, central_size, central_offset, 0)


def _flags(name: bytes) -> int:
    return 0 if name.isascii() else _UTF8


def _clamped(mtime: int) -> int:
    return min(max(mtime, _EARLIEST), _LATEST)


@lru_cache(4096)
def _dos(when: int) -> tuple[int, int]:
    moment = time.gmtime(when)
    return (
        moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2,
        (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday,
    )
