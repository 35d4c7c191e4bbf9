"""Tars, packed with gzip too: their headers one after the other, each with its file behind it."""

from __future__ import annotations

import re
import zlib

from delivery.escape import printable
from delivery.intake.observation import Seen
from delivery.intake.readers import zips
from delivery.intake.readers.view import CUT, View

_TAR_START = 8 * 1024**2
_LONGEST_WORDS = 64 * 1024
_WORDS = re.compile(rb"(?:\A|\n)\d{1,9} (path|size|GNU\.sparse\.name)=([^\n]*)(?=\n)")
"""What pax says in a header of its own because the next file's header has no room for it."""


def read_tar(view: View) -> None:
    """Headers of 512 bytes, each followed by its file."""
    at, long_name, long_size = 0, b"", b""
    while at < view.size and len(view.members) < zips.MOST_MEMBERS:
        header = view.at(at, 512)
        if not header.strip(b"\0"):
            return
        size = _tar_number(header[124:136])
        if len(header) < 512:
            view.damaged(CUT)
            return
        if size is None or _tar_number(header[148:156]) not in _tar_sums(header):
            view.damaged("its headers are damaged")
            return
        kind = header[156:157]
        if kind == b"L":
            long_name = view.at(at + 512, min(size, _LONGEST_WORDS)).split(b"\0")[0]
        elif kind == b"x":
            words = dict(_WORDS.findall(view.at(at + 512, min(size, _LONGEST_WORDS))))
            long_name = words.get(b"GNU.sparse.name") or words.get(b"path", long_name)
            long_size = words.get(b"size", b"")
        elif kind not in (b"K", b"g"):
            size = int(long_size[:19]) if long_size.isdigit() else size
            path = (long_name or _name(header)).decode("utf-8", "replace")
            long_name, long_size = b"", b""
        if kind in (b"0", b"\0", b"7", b"1", b"2", b"S"):
            view.members.append(path)
            _note_tar_path(
                view, path, header[157:257].split(b"\0")[0].decode("utf-8", "replace") if kind == b"2" else ""
            )
        at += 512
        if kind == b"S":
            at = _after_map(view, at, header[482:483])
        at += (size + 511) // 512 * 512
    if at > view.size:
        view.damaged(CUT)


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0")[0]
    prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


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
        view.damaged(CUT)
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
        view.damaged(CUT)
    elif not whole:
        view.note(Seen.UNSEEN, "only the first files in it were looked at")
