"""Video and sound by their own framing: boxes, elements, blocks and pages that must end inside the file."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator

from delivery.intake.observation import Seen
from delivery.intake.readers import metadata
from delivery.intake.readers.formats import tag_length
from delivery.intake.readers.view import CUT, View

_PLACE = re.compile(
    rb"[+-]\d{1,2}(?:\.\d{1,12})?[+-]\d{1,3}\.\d{1,12}(?:[+-]\d{1,6}(?:\.\d{1,12})?)?(?:CRS\w{1,20})?/?"
)
"""Degrees north and east, and metres of height: to be taken for no phone number."""
_EXIF = re.compile(rb"(?<=Exif\0\0)(?:II\*\0|MM\0\*)|II\*\0\x08\0\0\0|MM\0\*\0\0\0\x08")
"""The word itself is no mark: a picture's list of contents holds it too, and cameras may leave it out."""
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_FLAC_TAGS = 4
_MATROSKA = re.compile(b"(\x12\x54\xc3\x67)|\x44\x87")
"""The marks of all tags, and of a text among them."""
_FOLDERS = frozenset((b"moov", b"udta", b"trak", b"mdia", b"minf"))


def read_mp4(view: View) -> None:
    """MP4, QuickTime and HEIF: top-level boxes that fill the file, among them an index."""
    kinds: set[bytes] = set()
    for kind, start, end in _boxes(view, 0, view.size):
        if end > view.size:
            view.damaged(CUT)
            return
        kinds.add(kind)
        if kind == b"moov":
            _note_inside(view, start, end)
        elif kind == b"uuid" and view.at(start, 16) == _XMP:
            metadata.note_xmp(view, view.at(start + 16, min(end - start, metadata.LARGEST)))
    if b"meta" in kinds and b"moov" not in kinds:
        _note_picture(view)
    if kinds & {b"moof", b"styp", b"sidx"}:
        return
    if b"moov" not in kinds and b"meta" not in kinds:
        view.damaged("its index is missing: the recording or copy did not finish" if kinds else "its boxes are damaged")
    elif b"moov" in kinds and b"mdat" not in kinds:
        view.note(Seen.DOUBTFUL, "it has an index but no picture or sound data")


def _note_picture(view: View) -> None:
    """EXIF and XMP of HEIC and AVIF lie somewhere in the data; both begin unmistakably."""
    for block in (view.at(0, 512 * 1024), view.tail):
        exif = _EXIF.search(block)
        if exif:
            metadata.note_exif(view, block[exif.start() : exif.start() + 65536])
        at = block.find(b"<x:xmpmeta")
        if at >= 0:
            metadata.note_xmp(view, block[at : at + 65536])


def _boxes(view: View, at: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start of content and end of each box."""
    while at + 8 <= stop:
        head = view.at(at, 16)
        if len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        start = at + 8
        if length == 1:
            if len(head) < 16:
                return
            length, start = struct.unpack_from(">Q", head, 8)[0], at + 16
        elif length == 0:
            length = stop - at
        if length < start - at or not all(32 <= byte < 127 or byte == 0xA9 for byte in kind):
            if kind != b"\0\0\0\0" or head.strip(b"\0"):
                view.note(Seen.DOUBTFUL, "bytes follow its last box")
            return
        yield kind, start, at + length
        at += length


def _note_inside(view: View, start: int, end: int, depth: int = 0) -> None:
    """XMP, and the location that phones write: a box called (c)xyz or loci, or Apple's metadata."""
    for kind, inside, stop in _boxes(view, start, min(end, view.size)):
        if kind in _PLACES and _PLACES[kind](view.at(inside, min(stop - inside, 65536))):
            view.note(Seen.GPS, place="video metadata")
        if kind == b"meta":
            tags = view.at(inside, min(stop - inside, metadata.LONGEST_TAGS)).partition(b"ilst")[2]
            metadata.note_tags(view, _PLACE.sub(b" ", tags.partition(b"covr")[0]))
        elif kind == b"XMP_":
            metadata.note_xmp(view, view.at(inside, min(stop - inside, metadata.LARGEST)))
        elif kind[0] == 0xA9:  # QuickTime's own texts
            text = view.at(inside, min(stop - inside, metadata.LONGEST_TAGS))
            metadata.note_tags(view, _PLACE.sub(b" ", text))
        elif kind in _FOLDERS and depth < 3:
            _note_inside(view, inside, stop, depth + 1)


_PLACES: dict[bytes, Callable[[bytes], object]] = {
    b"\xa9xyz": lambda block: _PLACE.search(block[:64]),
    b"loci": lambda block: any(block[6:].partition(b"\0")[2][1:9]),  # behind its name and role: degrees east and north
    b"meta": lambda block: b"location.ISO6709" in block and _PLACE.search(block),
}


def read_matroska(view: View) -> None:
    """The EBML header, then a segment whose stated size must fit; and its tags, which lie near an end of it."""
    for block in (view.head, view.tail):
        _note_matroska(view, block)
    at = 4
    length, width = _variable(view.at(at, 8))
    at += width + length
    while at < view.size:
        head = view.at(at, 12)
        if head[:4] == b"\x18\x53\x80\x67":
            length, width = _variable(head[4:])
            unknown = length == (1 << (7 * width)) - 1
            if not unknown and at + 4 + width + length > view.size:
                view.damaged(CUT)
            return
        if head[:1] != b"\xec":
            break
        length, width = _variable(head[1:])
        at += 1 + width + length
    view.damaged("its content is missing")


def _note_matroska(view: View, block: bytes) -> None:
    """Each byte is read once, whatever lengths stand there. The first mark may be but one in the list of contents."""
    at = end = 0
    while found := _MATROSKA.search(block, at):
        length, width = _variable(block[found.end() : found.end() + 8])
        at, inside = found.end(), found.end() + width
        if found[1]:
            end = max(end, inside + length)
        elif inside + length <= end:
            at = inside + length
            value = block[inside:at]
            if _PLACE.fullmatch(value):
                view.note(Seen.GPS, place="video metadata")
            else:
                metadata.note_tags(view, value)


def _variable(raw: bytes) -> tuple[int, int]:
    """An EBML number and its width in bytes."""
    if not raw or not raw[0]:
        return 0, 1
    width = 9 - raw[0].bit_length()
    value = int.from_bytes(raw[:width], "big") & ((1 << (7 * width)) - 1)
    return value, width


def read_flac(view: View) -> None:
    """Metadata blocks, then sound that starts with a frame; some programs put a tag of MP3s in front."""
    tag = tag_length(view.head)
    _note_id3(view, tag)
    at = tag + 4
    for _ in range(1000):
        head = view.at(at, 4)
        if len(head) < 4:
            view.damaged(CUT)
            return
        if head[0] & 0x7F == _FLAC_TAGS:
            length = min(int.from_bytes(head[1:], "big"), metadata.LONGEST_TAGS)
            metadata.note_vorbis(view, view.at(at + 4, length))
        at += 4 + int.from_bytes(head[1:], "big")
        if head[0] & 0x80:
            break
    frame = view.at(at, 2)
    if len(frame) < 2:
        view.damaged(CUT)
    elif frame[0] != 0xFF or frame[1] & 0xFC != 0xF8:
        view.damaged("its sound data are damaged")


def read_ogg(view: View) -> None:
    """The last page must be whole and marked as the last; the tags stand in the second."""
    for mark in (b"\x03vorbis", b"OpusTags"):
        metadata.note_vorbis(view, view.head[:8192].partition(mark)[2].partition(b"\x05vorbis")[0])
    tail = view.tail
    at = tail.rfind(b"OggS")
    page = tail[at:] if at >= 0 else b""
    if len(page) < 27 or len(page) < 27 + page[26]:
        view.damaged(CUT)
        return
    if len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        view.damaged(CUT)
    elif not page[5] & 4:
        view.note(Seen.DOUBTFUL, "its last page is not marked as the last; it may be cut off")


def read_mp3(view: View) -> None:
    """The tag, then frames; a Xing header says how many bytes there must be."""
    at = tag_length(view.head)
    _note_id3(view, at)
    block = view.at(at, 4096).lstrip(b"\0")
    sync = next((i for i in range(len(block) - 1) if block[i] == 0xFF and block[i + 1] & 0xE0 == 0xE0), None)
    if at >= view.size or (sync is None and len(block) < 4096 and at + 4096 >= view.size):
        view.damaged("it holds no sound" if at < view.size else CUT)
        return
    for mark in (b"Xing", b"Info"):
        found = block.find(mark)
        if found < 0 or len(block) < found + 16:
            continue
        flags = int.from_bytes(block[found + 4 : found + 8], "big")
        if flags & 2:
            place = found + 8 + (4 if flags & 1 else 0)
            stated = int.from_bytes(block[place : place + 4], "big")
            if stated > (view.size - at) * 1.01 + 1024:
                view.damaged(CUT)
        return


def _note_id3(view: View, end: int) -> None:
    """The frames that are text: not the cover, whose bytes may look like anything."""
    plain, at = view.head[3:4] < b"\4", 10  # lengths are plain numbers up to version 3, of seven bits from 4 on
    while at + 10 < min(end, len(view.head)):
        length = 0
        for byte in view.head[at + 4 : at + 8]:
            length = length << (8 if plain else 7) | byte
        if view.head[at : at + 1] == b"T" or view.head[at : at + 4] in (b"COMM", b"USLT"):
            metadata.note_tags(view, view.head[at + 10 : at + 10 + length])
        at += 10 + length


def read_iff(view: View) -> None:
    """AIFF: the outer size must not reach past the file."""
    if int.from_bytes(view.head[4:8], "big") + 8 > view.size + 1:
        view.damaged(CUT)


def read_midi(view: View) -> None:
    """As many tracks as the header says."""
    tracks, at = int.from_bytes(view.at(10, 2), "big"), 14
    for _ in range(tracks):
        head = view.at(at, 8)
        if len(head) < 8:
            view.damaged(CUT)
            return
        at += 8 + int.from_bytes(head[4:], "big")
    if at > view.size:
        view.damaged(CUT)
