"""Archives of every kind: what they hold, down to archives in archives, within caps on depth, count and bytes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from delivery.escape import printable
from delivery.intake.names import extension
from delivery.intake.observation import Seen
from delivery.intake.readers import office, zips
from delivery.intake.readers.formats import sniff
from delivery.intake.readers.text import note_secrets
from delivery.intake.readers.view import CUT, View

_DEPTH = 3
_TEXTS = frozenset(
    {"env", "txt", "json", "yml", "yaml", "ini", "cfg", "conf", "toml", "properties", "py", "js", "ts", "php", "pem"}
)
_LARGEST_TEXT = 64 * 1024
_NESTED = 40
_NESTED_BYTES = 16 * 1024**2
_NESTED_LARGEST = 8 * 1024**2
_AES_7Z = b"\x06\xf1\x07\x01"
_LARGEST_7Z_DIRECTORY = 1024**2
_RAR4_LARGE = 0x100
"""A flag: 4 GiB or more, so that the header is eight bytes longer."""


@dataclass
class _Budget:
    """Shared by all archives inside one file."""

    archives: int = _NESTED
    unpacked: int = _NESTED_BYTES


def read_zip(view: View) -> None:
    """Notes on the archive and the names of all that it holds."""
    found = zips.members(view)
    if not office.read_office(view, found):
        _list(view, view, found, "", 1, _Budget())
        if extension(view.name) == "zip":  # other zips are documents of programs, whose parts nobody delivers
            view.zipped = found


def _list(top: View, view: View, found: list[zips.Member], prefix: str, depth: int, budget: _Budget) -> None:
    for member in found:
        if len(top.members) >= zips.MOST_MEMBERS:
            return
        top.members.append(prefix + member.name)
        ending = extension(member.name)
        if ending in _TEXTS and member.size <= _LARGEST_TEXT and budget.unpacked > 0:
            data = zips.content(view, member, _LARGEST_TEXT)
            budget.unpacked -= len(data)
            note_secrets(top, data, ending, place=prefix + member.name)
        elif ending == "zip" and not member.encrypted:
            _read_nested(top, view, member, prefix + member.name + "/", depth, budget)


def _read_nested(top: View, view: View, member: zips.Member, prefix: str, depth: int, budget: _Budget) -> None:
    if depth >= _DEPTH or budget.archives <= 0:
        top.note(Seen.UNSEEN, "archives inside archives inside it were not looked into")
        return
    budget.archives -= 1
    if member.method == 0:
        start = zips.data_offset(view, member)
        if start is None:
            return
        inner = View(lambda offset, count: view.at(start + offset, count), min(member.size, view.size - start))
    else:
        if member.size > min(_NESTED_LARGEST, budget.unpacked):
            top.note(Seen.UNSEEN, "an archive inside it is too large to look into")
            return
        data = zips.content(view, member, min(_NESTED_LARGEST, budget.unpacked))
        budget.unpacked -= len(data)
        inner = View.of_bytes(data)
    if sniff(inner.head) != "zip":
        return
    _list(top, inner, zips.members(inner), prefix, depth + 1, budget)
    for fact in inner.facts:
        top.note(fact.kind, fact.detail, prefix.rstrip("/"))


def read_7z(view: View) -> None:
    """The start header says where the directory lies; names are only listed when it is not compressed."""
    if len(view.head) < 32:
        view.damaged(CUT)
        return
    offset, length, _ = struct.unpack_from("<QQI", view.head, 12)
    if zlib.crc32(view.head[12:32]) != int.from_bytes(view.head[8:12], "little"):
        view.damaged("its header is damaged")
    elif 32 + offset + length > view.size:
        view.damaged(CUT)
    elif length:
        directory = view.at(32 + offset, min(length, _LARGEST_7Z_DIRECTORY))
        if _AES_7Z in directory:
            view.note(Seen.ENCRYPTED, "its list of files too" if directory[:1] == b"\x17" else "its files")


def read_rar(view: View) -> None:
    """Blocks up to the one that ends the archive."""
    if view.head[6:7] == b"\0":
        _read_rar4(view)
    else:
        _read_rar5(view)


def _read_rar4(view: View) -> None:
    at = 7
    while at < view.size:
        head = view.at(at, 40)
        if len(head) < 7:
            break
        kind, flags, length = head[2], *struct.unpack_from("<HH", head, 3)
        if length < 7:
            view.damaged("its blocks are damaged")
            return
        data = 0
        if kind == 0x73 and flags & 0x80:
            view.note(Seen.ENCRYPTED, "its list of files too")
            return
        if kind in (0x74, 0x7A) or flags & 0x8000:
            data = int.from_bytes(head[7:11], "little")
        if kind in (0x74, 0x7A) and flags & _RAR4_LARGE:
            data |= int.from_bytes(head[32:36], "little") << 32
        if kind == 0x74:
            name_length = int.from_bytes(head[26:28], "little")
            if flags & 0x04:
                view.note(Seen.ENCRYPTED, "its files")
            start = at + (40 if flags & _RAR4_LARGE else 32)
            _member(view, view.at(start, name_length).split(b"\0")[0])
        if kind == 0x7B:
            return
        at += length + data
    if at > view.size:
        view.damaged(CUT)


def _read_rar5(view: View) -> None:
    at = 8
    while at < view.size:
        head = view.at(at, 4096)
        size, place = _rar_number(head, 4)
        end = place + size
        kind, place = _rar_number(head, place)
        flags, place = _rar_number(head, place)
        if not size or kind > 5:
            view.damaged("its blocks are damaged")
            return
        if kind == 4:
            view.note(Seen.ENCRYPTED, "its list of files too")
            return
        if kind == 5:
            return
        extra, data = 0, 0
        if flags & 1:
            extra, place = _rar_number(head, place)
        if flags & 2:
            data, place = _rar_number(head, place)
        if kind == 2:
            _rar5_file(view, head[place:end], extra)
        at += end + data
    view.damaged(CUT)


def _rar5_file(view: View, header: bytes, extra: int) -> None:
    flags, place = _rar_number(header, 0)
    for _ in range(2):
        _, place = _rar_number(header, place)
    place += (4 if flags & 2 else 0) + (4 if flags & 4 else 0)
    for _ in range(2):
        _, place = _rar_number(header, place)
    length, place = _rar_number(header, place)
    _member(view, header[place : place + length])
    if extra and header[-extra:][1:2] == b"\x01":
        view.note(Seen.ENCRYPTED, "its files")


def _rar_number(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(raw):
            return 0, at
        value |= (raw[at] & 0x7F) << shift
        at += 1
        if not raw[at - 1] & 0x80:
            break
    return value, at


def _member(view: View, raw: bytes) -> None:
    if len(view.members) < zips.MOST_MEMBERS:
        name = raw.decode("utf-8", "replace").replace("\\", "/")
        view.members.append(name)
        if zips.leads_out(name):
            view.note(Seen.HOSTILE, f"it holds a path that leads out of the folder: {printable(name)[:80]}")
