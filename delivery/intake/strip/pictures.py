"""JPEG, PNG and WebP: metadata blocks are left out, every byte of the picture itself is copied."""

from __future__ import annotations

import re
import struct

from delivery.intake.strip.pieces import CannotStrip, orientation, orientation_alone
from delivery.pictures import png_chunk

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PNG_TEXTS = {b"tEXt": "text", b"zTXt": "text", b"iTXt": "text or XMP", b"eXIf": "EXIF", b"tIME": "time"}


def jpeg(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Without EXIF (but for the orientation), XMP, IPTC, comments, previews, and what follows the picture's end."""
    kept, what, turn, at = [data[:2]], list[str](), 1, 2
    while True:
        if data[at : at + 1] != b"\xff":
            raise CannotStrip("its segments are damaged")
        kind = data[at + 1 : at + 2]
        if kind == b"\xff":
            at += 1
            continue
        if kind in (b"\xda", b""):
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        segment = data[at : at + 2 + length]
        if length < 2 or len(segment) < 2 + length:
            raise CannotStrip("its segments are damaged")
        name = _jpeg_metadata(kind[0], segment[4:])
        if name:
            what.append(name)
            if name == "EXIF":
                turn = orientation(segment[10:])
        else:
            kept.append(segment)
        at += 2 + length
    end = _end_of_jpeg(data, at)
    kept.append(data[at:end])
    if data[end:].strip(b"\0"):
        what.append("data after the picture")
    if turn != 1:
        block = b"Exif\0\0" + orientation_alone(turn)
        after = 2 if len(kept) > 2 and kept[1][1:2] == b"\xe0" else 1
        kept.insert(after, b"\xff\xe1" + struct.pack(">H", 2 + len(block)) + block)
    cleaned = b"".join(kept)
    return (data, ()) if cleaned == data else (cleaned, _once(what))


def _jpeg_metadata(kind: int, body: bytes) -> str:
    """What a segment holds that is not needed to show the picture; empty for one to keep.

    JFIF, the colour profile and Adobe's colour transform stay.
    """
    if kind == 0xFE:
        return "comment"
    if kind == 0xE1:
        return "EXIF" if body.startswith(b"Exif\0") else "XMP"
    if kind == 0xED:
        return "IPTC"
    if kind == 0xE0:
        return "" if body.startswith(b"JFIF\0") else "preview"
    if kind == 0xE2:
        return "" if body.startswith(b"ICC_PROFILE\0") else "list of further pictures"
    if kind == 0xEE:
        return "" if body.startswith(b"Adobe") else "application data"
    return "application data" if 0xE3 <= kind <= 0xEF else ""


def _end_of_jpeg(data: bytes, at: int) -> int:
    """The end marker that belongs to this picture: scans may follow each other, with tables between."""
    while True:
        found = _MARKER.search(data, at)
        if found is None:
            raise CannotStrip("its picture data are cut off")
        if found[0] == b"\xff\xd9":
            return found.end()
        at = found.start() + 2 + int.from_bytes(data[found.end() : found.end() + 2], "big")


def png(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Without text, XMP, EXIF (but for the orientation) and time; colour profile and pixels stay."""
    kept, what, turn, at = [data[:8]], list[str](), 1, 8
    while True:
        head = data[at : at + 8]
        length = int.from_bytes(head[:4], "big")
        chunk = data[at : at + 12 + length]
        if len(head) < 8 or len(chunk) < 12 + length:
            raise CannotStrip("its chunks are damaged")
        kind = head[4:]
        if kind in _PNG_TEXTS:
            what.append(_PNG_TEXTS[kind])
            if kind == b"eXIf":
                turn = orientation(chunk[8:-4])
        elif kind == b"IEND":
            if turn != 1:
                kept.insert(2, png_chunk(b"eXIf", orientation_alone(turn)))
            kept.append(chunk)
            break
        else:
            kept.append(chunk)
        at += 12 + length
    if data[at + 12 :].strip(b"\0"):
        what.append("data after the picture")
    cleaned = b"".join(kept)
    return (data, ()) if cleaned == data else (cleaned, _once(what))


_VP8X = 18
"""Bytes of the chunk that announces what follows, with its head."""


def webp(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Without EXIF (but for the orientation) and XMP; the flags that announce them are set back."""
    size = int.from_bytes(data[4:8], "little") + 8
    if size > len(data):
        raise CannotStrip("it is cut off")
    kept, what, turn, at = list[bytes](), list[str](), 1, 12
    while at + 8 <= size:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = data[at : at + 8 + length + length % 2]
        if chunk[:4] == b"EXIF":
            what.append("EXIF")
            turn = orientation(chunk[8 : 8 + length].removeprefix(b"Exif\0\0"))
        elif chunk[:4] == b"XMP ":
            what.append("XMP")
        else:
            kept.append(chunk)
        at += 8 + length + length % 2
    if data[size:].strip(b"\0"):
        what.append("data after the picture")
    if turn != 1:
        kept.append(b"EXIF" + struct.pack("<I", len(orientation_alone(turn))) + orientation_alone(turn))
    if kept and kept[0][:4] == b"VP8X":
        if len(kept[0]) < _VP8X:
            raise CannotStrip("its first chunk is damaged")
        flags = kept[0][8] & ~0x0C | (0x08 if turn != 1 else 0)
        kept[0] = kept[0][:8] + bytes([flags]) + kept[0][9:]
    body = b"WEBP" + b"".join(kept)
    cleaned = b"RIFF" + struct.pack("<I", len(body)) + body
    return (data, ()) if cleaned == data else (cleaned, _once(what))


def _once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
