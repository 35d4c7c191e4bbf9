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
from delivery.intake.readers.view import View

_DEPTH = 3
_TEXTS = frozenset(
    {"env", "txt", "json", "yml", "yaml", "ini", "cfg", "conf", "toml", "properties", "py", "js", "ts", "php", "pem"}
)
_LARGEST_TEXT = 64 * 1024
_NESTED = 40
_NESTED_BYTES = 16 * 1024**2
_NESTED_LARGEST = 8 * 1024**2
_CUT = "the file is cut off"
_AES_7Z = b"\x06\xf1\x07\x01"
_LARGEST_7Z_DIRECTORY = 1024**2
_TAR_START = 8 * 1024**2
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


def _list(top: View, view: View, found: list[zips.Member], prefix: str, depth: int, budget: _Budget) -> None:
    for member in found:
        if len(top.members) >= zips.MOST_MEMBERS:
            return
        top.members.append(prefix + member.name)
        ending = extension(member.name)
        if ending in _TEXTS and member.size <= _LARGEST_TEXT and budget.unpacked > 0:
            data = zips.content(view, member, _LARGEST_TEXT) or b""
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
        data = zips.content(view, member, min(_NESTED_LARGEST, budget.unpacked)) or b""
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
        view.damaged(_CUT)
        return
    offset, length, _ = struct.unpack_from("<QQI", view.head, 12)
    if zlib.crc32(view.head[12:32]) != int.from_bytes(view.head[8:12], "little"):
        view.damaged("its header is damaged")
    elif 32 + offset + length > view.size:
        view.damaged(_CUT)
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
        view.damaged(_CUT)


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
    view.damaged(_CUT)


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


def read_tar(view: View) -> None:
    """Headers of 512 bytes, each followed by its file."""
    at = 0
    while at < view.size and len(view.members) < zips.MOST_MEMBERS:
        header = view.at(at, 512)
        if not header.strip(b"\0"):
            return
        size = _tar_number(header[124:136])
        if len(header) < 512:
            view.damaged(_CUT)
            return
        if size is None or _tar_number(header[148:156]) not in _tar_sums(header):
            view.damaged("its headers are damaged")
            return
        name = header[:100].split(b"\0")[0]
        prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
        kind = header[156:157]
        if kind in (b"0", b"\0", b"7", b"1", b"2", b"S"):
            path = (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")
            view.members.append(path)
            _note_tar_path(
                view, path, header[157:257].split(b"\0")[0].decode("utf-8", "replace") if kind == b"2" else ""
            )
        at += 512
        if kind == b"S":
            at = _after_map(view, at, header[482:483])
        at += (size + 511) // 512 * 512
    if at > view.size:
        view.damaged(_CUT)


def _tar_sums(header: bytes) -> tuple[int, int]:
    """The checksum as the standard has it, and as old writers made it, of signed bytes. Every reader takes both."""
    summed = header[:148] + b" " * 8 + header[156:]
    plain = sum(summed)
    return plain, plain - 256 * sum(byte > 127 for byte in summed)


def _after_map(view: View, at: int, more: bytes) -> int:
    """Where the data of a sparse file begin: GNU tar puts what its header has no room for of the map before them."""
    while more == b"\1":
        more = view.at(at + 504, 1)
        at += 512
    return at


def _note_tar_path(view: View, path: str, target: str) -> None:
    if zips.leads_out(path):
        view.note(Seen.HOSTILE, f"it holds a path that leads out of the folder: {printable(path)[:80]}")
    if target and (target.startswith("/") or zips.leads_out(f"{path.rpartition('/')[0]}/{target}".lstrip("/"))):
        view.note(Seen.HOSTILE, f"it holds a link that leads out of the folder: {printable(path)[:80]}")


def _tar_number(field: bytes) -> int | None:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.strip(b"\0 ")
    return int(text, 8) if text.isdigit() and not text.strip(b"01234567") else (0 if not text else None)


def read_gzip(view: View) -> None:
    """A tar inside is listed as far as the first megabytes reach; a gzip of anything else only has to begin well."""
    unpack = zlib.decompressobj(31)
    try:
        start = unpack.decompress(view.head, _TAR_START)
    except zlib.error:
        view.damaged("its compressed data are damaged")
        return
    if view.size == len(view.head) and not unpack.eof and not unpack.unconsumed_tail:
        view.damaged(_CUT)
        return
    if start[257:262] == b"ustar":
        _list_packed_tar(view)


def _list_packed_tar(view: View) -> None:
    unpack, data, at = zlib.decompressobj(31), bytearray(), 0
    try:
        while at < view.size and len(data) < _TAR_START and not unpack.eof:
            data += unpack.decompress(view.at(at, 65536), _TAR_START - len(data))
            at += 65536
    except zlib.error:
        view.damaged("its compressed data are damaged")
    inner = View.of_bytes(bytes(data))
    read_tar(inner)
    view.members += inner.members
    whole = unpack.eof
    for fact in inner.facts:
        if whole or fact.kind is not Seen.DAMAGED:
            view.note(fact.kind, fact.detail)
    if not whole and at >= view.size and len(data) < _TAR_START:
        view.damaged(_CUT)
    elif not whole:
        view.note(Seen.UNSEEN, "only the first files in it were looked at")


def _member(view: View, raw: bytes) -> None:
    if len(view.members) < zips.MOST_MEMBERS:
        name = raw.decode("utf-8", "replace").replace("\\", "/")
        view.members.append(name)
        if zips.leads_out(name):
            view.note(Seen.HOSTILE, f"it holds a path that leads out of the folder: {printable(name)[:80]}")
