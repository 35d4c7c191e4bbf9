"""Zip archives by their directory: is it whole, what does it hold, is it safe to unpack. Nothing is unpacked to disk.

Own parser rather than ``zipfile``, which trusts the counts and sizes that it reads, takes quadratic time on some
archives and cannot be given a budget.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from delivery.escape import printable
from delivery.intake.observation import Seen
from delivery.intake.readers.view import View
from delivery.units import format_size

MOST_MEMBERS = 20_000
_LARGEST_DIRECTORY = 24 * 1024**2
BOMB_SIZE = 1024**3
BOMB_RATIO = 250
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"
_ENTRY = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_HEADER = struct.Struct("<4s4xHHIIIIHHHHHII")
_MOST_LINKS = 50
_PIECE = 256 * 1024
_LONGEST_ENTRY = 46 + 3 * 65535


class Member(NamedTuple):
    """One entry of a zip's directory."""

    name: str
    size: int
    packed: int
    method: int
    offset: int
    encrypted: bool
    is_link: bool


def members(view: View, *, most: int = MOST_MEMBERS, largest_directory: int = _LARGEST_DIRECTORY) -> list[Member]:
    """The directory's entries, in order, and notes on all that is wrong with the archive as a whole."""
    place = _directory(view)
    if place is None:
        return []
    start, end, count, shift = place
    found = list(_entries(view, start, min(end, start + largest_directory), shift, most))
    if len(found) >= most:
        view.note(Seen.UNSEEN, f"it holds more than {most:,} files; only the first were looked at")
    elif len(found) != count & 0xFFFF and len(found) != count:
        view.damaged(f"its directory names {count:,} files but lists {len(found):,}")
    _note_whole(view, found, start)
    return found


def content(view: View, member: Member, most: int) -> bytes:
    """The first ``most`` bytes of a member; none when it cannot be unpacked (password, method, damage)."""
    if member.encrypted or member.method not in (0, 8) or most <= 0:
        return b""
    start = data_offset(view, member)
    if start is None:
        return b""
    if member.method == 0:
        return view.at(start, min(member.size, most))
    unpack = zlib.decompressobj(-15)
    packed = view.at(start, min(member.packed, most + 4096))
    try:
        data = unpack.decompress(packed, most)
    except zlib.error:
        return b""
    view.unpacked(len(data))
    return data


def pieces(view: View, member: Member, most: int) -> Iterator[bytes]:
    """The first ``most`` bytes of a member, piece by piece, as far as they can be unpacked."""
    start = data_offset(view, member)
    if start is None or member.encrypted or member.method not in (0, 8):
        return
    unpack = zlib.decompressobj(-15) if member.method else None
    at, end = start, start + min(member.packed, most + _PIECE)
    while at < end and most > 0:
        packed = view.at(at, min(_PIECE, end - at))
        at = at + len(packed) if packed else end
        full = True
        while (packed or full) and most > 0:
            room = min(_PIECE, most)
            try:
                piece = unpack.decompress(packed, room) if unpack else packed[:room]
            except zlib.error:
                return
            packed = unpack.unconsumed_tail if unpack else b""
            full = len(piece) == room  # zlib may hold back more, though it has taken all that it was given
            most -= len(piece)
            view.unpacked(len(piece))
            if piece:
                yield piece


def data_offset(view: View, member: Member) -> int | None:
    """Where the member's bytes begin, or None when its local header is not there."""
    header = view.at(member.offset, 30)
    if len(header) < 30 or header[:4] != _LOCAL:
        return None
    name, extra = struct.unpack_from("<HH", header, 26)
    return int(member.offset + 30 + name + extra)


def _directory(view: View) -> tuple[int, int, int, int] | None:
    """Start and end of the directory, its count of entries, and the bytes that were put before the archive."""
    tail = view.tail
    base = view.size - len(tail)
    at = tail.rfind(_END)
    while at >= 0 and at + 22 > len(tail):
        at = tail.rfind(_END, 0, at)
    if at < 0:
        if base:
            more = view.at(max(0, base - 64), 64 + 22)
            if _END in more:
                return None
        view.damaged("its directory, which stands at the end, is missing: the file is cut off")
        return None
    disk, _, _, count, length, offset, comment = struct.unpack_from("<HHHHIIH", tail, at + 4)
    end = base + at
    if comment > len(tail) - at - 22:
        view.note(Seen.DOUBTFUL, "its last bytes are missing")
    wide = _wide_directory(view, end)  # some writers add one from 2 GiB on, where the short one still suffices
    if wide is not None:
        end, count, length, offset = wide
    elif length == 0xFFFFFFFF or offset == 0xFFFFFFFF:
        view.damaged("its Zip64 directory is missing or broken")
        return None
    elif disk not in (0, 0xFFFF):
        view.note(Seen.UNSEEN, f"it is the last of {disk + 1} volumes and opens only beside the others")
        return None
    shift = end - length - offset
    if length > end or shift < 0:
        view.damaged("its directory reaches past its end: the file is cut off or damaged")
        return None
    return end - length, end, count, shift


def _wide_directory(view: View, end: int) -> tuple[int, int, int, int] | None:
    locator = view.at(end - 20, 20) if end >= 20 else b""
    if locator[:4] != _LOCATOR64:
        return None
    stated = int.from_bytes(locator[8:16], "little")
    for offset in (stated, end - 20 - 56):
        record = view.at(offset, 56)
        if len(record) == 56 and record[:4] == _END64:
            count, length, start = struct.unpack_from("<QQQ", record, 32)
            return offset, count, length, start
    return None


def _entries(view: View, start: int, end: int, shift: int, most: int) -> Iterator[Member]:
    at, block, block_start = start, b"", start
    for _ in range(most):
        if at + 46 > end:
            if at != end:
                view.damaged("its directory is cut off")
            return
        have = block_start + len(block)
        if have < end and at + _LONGEST_ENTRY > have:
            block, block_start = view.at(at, min(1024**2, end - at)), at
        here = at - block_start
        if len(block) < here + 46 or block[here : here + 4] != _ENTRY:
            view.damaged("its directory is damaged")
            return
        fields = _HEADER.unpack_from(block, here)
        _, flags, method, _, _, packed, size, name_length, extra_length, comment, _, _, attributes, offset = fields
        raw = block[here + 46 : here + 46 + name_length]
        if 0xFFFFFFFF in (packed, size, offset):
            extra = block[here + 46 + name_length : here + 46 + name_length + extra_length]
            size, packed, offset = _wide_sizes(extra, size, packed, offset)
        yield Member(
            _name(raw, told=bool(flags & 0x800)),
            size, packed, method, offset + shift, bool(flags & 0x41), (attributes >> 16) & 0xF000 == 0xA000,
        )  # fmt: skip
        at += 46 + name_length + extra_length + comment


def _name(raw: bytes, *, told: bool) -> str:
    """``told``: the archive says that it is UTF-8. Some programs write it without saying so."""
    try:
        return raw.decode("utf-8", "replace" if told else "strict")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _wide_sizes(extra: bytes, *fields: int) -> tuple[int, int, int]:
    """Size, packed size and offset, those that are all ones taken from the Zip64 extra field, in this order."""
    at, wide = 0, b""
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            wide = extra[at + 4 : at + 4 + length]
            break
        at += 4 + length
    values = []
    for value in fields:
        if value == 0xFFFFFFFF and len(wide) >= 8:
            value, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        values.append(value)
    return values[0], values[1], values[2]


def _note_whole(view: View, found: list[Member], directory: int) -> None:
    encrypted = sum(member.encrypted for member in found)
    if encrypted:
        view.note(Seen.ENCRYPTED, "all of it" if encrypted == len(found) else f"{encrypted:,} of {len(found):,} files")
    total = sum(member.size for member in found)
    if total > BOMB_SIZE and total > view.size * BOMB_RATIO:
        view.note(Seen.HOSTILE, f"it would unpack from {format_size(view.size)} to {format_size(total)}")
    _note_layout(view, found, directory)
    links = 0
    for member in found:
        if leads_out(member.name):
            view.note(Seen.HOSTILE, f"it holds a path that leads out of the folder: {printable(member.name)[:80]}")
        if member.is_link and links < _MOST_LINKS:
            links += 1
            target = content(view, member, 1024).decode("utf-8", "replace")
            if target.startswith(("/", "\\")) or leads_out(f"{member.name.rpartition('/')[0]}/{target}".lstrip("/")):
                view.note(Seen.HOSTILE, f"it holds a link that leads out of the folder: {printable(member.name)[:80]}")


def _note_layout(view: View, found: list[Member], directory: int) -> None:
    """Overlaps are how a small archive claims petabytes; reaching past the directory means missing bytes."""
    layout = sorted((member.offset, member.packed, member.name) for member in found)
    for (offset, packed, name), following in pairwise([*layout, (directory, 0, "")]):
        if offset + 30 + packed > following[0]:
            if following[2]:
                view.note(Seen.HOSTILE, "its files overlap each other, as in archives made to fill a disk")
            else:
                view.damaged(f"the data of {printable(name)[:80]} reaches past the archive's end")
            return
    for member in (*found[:8], *found[-1:]):
        if data_offset(view, member) is None:
            view.damaged(f"the data of {printable(member.name)[:80]} is not where its directory says")
            return


def leads_out(path: str) -> bool:
    """Whether unpacking ``path`` could write outside the folder: absolute, a drive, or more ``..`` than it is deep."""
    path = path.replace("\\", "/")
    if path.startswith("/") or path[1:2] == ":":
        return True
    depth = 0
    for piece in path.split("/"):
        depth += -1 if piece == ".." else bool(piece and piece != ".")
        if depth < 0:
            return True
    return False
