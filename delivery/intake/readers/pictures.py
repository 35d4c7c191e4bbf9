"""Pictures by their own framing: is every byte there that the format says there must be."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from delivery.intake.observation import Seen
from delivery.intake.readers import metadata
from delivery.intake.readers.view import CUT, HEAD, View

_PNG_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt", b"eXIf"))
_MOST_ROWS = 1_000_000
_SEARCH = 48 * 1024**2
_SOX_UNKNOWN = 0x7FFFF000
"""What sox writes for the length of sound that it passes on while it is made."""


def read_png(view: View) -> None:
    """Chunks from IHDR to IEND."""
    if view.at(8, 8)[4:] != b"IHDR":
        view.damaged("its header is missing")
        return
    if min(struct.unpack(">II", view.at(16, 8).ljust(8, b"\0"))) == 0:
        view.damaged("it has no width or height")
        return
    at, data = 8, False
    while at < view.size:
        head = view.at(at, 8)
        if len(head) < 8:
            break
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if not kind.isalpha():
            view.damaged("its chunks are damaged")
            return
        data = data or kind == b"IDAT"
        if kind in _PNG_TEXTS and length <= metadata.LARGEST:
            metadata.note_png_chunk(view, kind, view.at(at + 8, length))
        if kind == b"IEND":
            if not data:
                view.damaged("it holds no picture data")
            return
        at += 12 + length
    view.damaged(CUT)


def read_jpeg(view: View) -> None:
    """Segments up to the picture data, which must reach the end marker."""
    at = 2
    while True:
        head = view.at(at, 4)
        if len(head) < 4:
            view.damaged(CUT)
            return
        if head[0] != 0xFF:
            view.damaged("its segments are damaged")
            return
        kind = head[1]
        if kind == 0xFF:
            at += 1
        elif kind == 0xDA:
            break
        elif kind == 0xD9:
            view.damaged("it holds no picture data")
            return
        elif kind == 0x01 or 0xD0 <= kind <= 0xD7:
            at += 2
        else:
            length = max(2, int.from_bytes(head[2:], "big"))
            if kind == 0xFE:
                metadata.note_text(
                    view, view.at(at + 4, min(length - 2, 4096)).decode("utf-8", "replace"), "JPEG comment"
                )
            elif kind in (0xE1, 0xED):
                _jpeg_metadata(view, view.at(at + 4, length - 2))
            at += 2 + length
    if b"\xff\xd9" in view.tail[-(view.size - at) :]:
        return
    for start in range(at, min(view.size, at + _SEARCH), 4 * HEAD):
        if b"\xff\xd9" in view.at(start, 4 * HEAD + 1):
            return
    if view.size - at <= _SEARCH:
        view.damaged(CUT)


def _jpeg_metadata(view: View, block: bytes) -> None:
    if block.startswith(b"Exif\0"):
        metadata.note_exif(view, block[6:])
    elif block.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
        metadata.note_xmp(view, block[29:])
    elif block.startswith(b"Photoshop 3.0\0"):
        metadata.note_photoshop(view, block[14:])


def read_gif(view: View) -> None:
    """Blocks up to the trailer, and what the comments among them tell."""
    at, frames = 13 + _gif_colours(view.at(10, 1)), 0
    while at < view.size:
        kind = view.at(at, 1)
        if kind == b";":
            if not frames:
                view.damaged("it holds no picture data")
            return
        if kind == b",":
            frames += 1
            at += 11 + _gif_colours(view.at(at + 9, 1))
        elif kind == b"!":
            _gif_metadata(view, view.at(at + 1, 1), at + 2)
            at += 2
        else:
            view.damaged("its blocks are damaged")
            return
        while length := view.at(at, 1):
            at += 1 + length[0]
            if length == b"\0":
                break
        else:
            view.damaged(CUT)
            return
    if frames and at == view.size:  # every program opens it
        view.note(Seen.DOUBTFUL, "its end mark is missing; it may be cut off")
    else:
        view.damaged(CUT)


def _gif_metadata(view: View, label: bytes, at: int) -> None:
    """A comment, or an XMP packet: the latter lies there as it is, behind the name of its kind."""
    if label == b"\xff" and view.at(at, 12) == b"\x0bXMP DataXMP":
        metadata.note_xmp(view, view.at(at + 12, metadata.LARGEST).partition(b"\1\xff\xfe")[0])
    elif label == b"\xfe":
        text = b""
        while (length := view.at(at, 1).strip(b"\0")) and len(text) < 4096:
            text += view.at(at + 1, length[0])
            at += 1 + length[0]
        metadata.note_text(view, text.decode("utf-8", "replace"), "GIF comment")


def _gif_colours(flags: bytes) -> int:
    return int(3 << (flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def read_bmp(view: View) -> None:
    start, header = struct.unpack_from("<II", view.head.ljust(18, b"\0"), 10)
    if start > view.size or header > view.size:
        view.damaged(CUT)
        return
    if header < 40:
        return
    width, height, _, bits, packing, size = struct.unpack_from("<iiHHII", view.head.ljust(54, b"\0"), 18)
    needed = size if packing else (abs(width) * bits + 31) // 32 * 4 * abs(height)
    if start + needed > view.size:
        view.damaged(CUT)


def read_ico(view: View) -> None:
    count = int.from_bytes(view.at(4, 2), "little")
    for index in range(min(count, 256)):
        entry = view.at(6 + 16 * index, 16)
        if len(entry) < 16 or sum(struct.unpack_from("<II", entry, 8)) > view.size:
            view.damaged(CUT)
            return


def read_tiff(view: View) -> None:
    """The chain of directories, and the strips that each names."""
    order = "<" if view.head[:2] == b"II" else ">"
    if view.head[2:4] in (b"+\0", b"\0+"):
        return
    at, seen = struct.unpack_from(order + "I", view.head.ljust(8, b"\0"), 4)[0], set[int]()
    if not at:
        view.damaged("it holds no picture")
    while at and at not in seen and len(seen) < 200:
        seen.add(at)
        count = view.at(at, 2)
        if len(count) < 2:
            view.damaged(CUT)
            return
        length = 12 * struct.unpack(order + "H", count)[0]
        block = view.at(at + 2, length + 4)
        if len(block) < length:
            view.damaged(CUT)
            return
        fields = {}
        for place in range(0, length, 12):
            tag, kind, number, value = struct.unpack_from(order + "HHII", block, place)
            fields[tag] = (kind, number, value)
        for offsets, counts in ((273, 279), (324, 325)):
            if _beyond(view, order, fields.get(offsets), fields.get(counts)):
                view.damaged(CUT)
                return
        at = struct.unpack_from(order + "I", block, length)[0] if len(block) >= length + 4 else 0
    metadata.note_tiff(view, view.at)


def _beyond(view: View, order: str, offsets: tuple[int, int, int] | None, counts: tuple[int, int, int] | None) -> bool:
    """Whether the last strip or tile ends past the file. Directories that are not plain are left in peace."""
    if offsets is None or counts is None or offsets[1] != counts[1] or not 0 < offsets[1] < 1_000_000:
        return False
    ends = [_last(view, order, *field) for field in (offsets, counts)]
    return None not in ends and sum(end or 0 for end in ends) > view.size


def _last(view: View, order: str, kind: int, number: int, value: int) -> int | None:
    width, code = {3: (2, "H"), 4: (4, "I")}.get(kind, (0, ""))
    if not width:
        return None
    if number * width <= 4:
        packed = struct.pack(order + "I", value)
        return int(struct.unpack_from(order + code, packed, (number - 1) * width)[0])
    raw = view.at(value + (number - 1) * width, width)
    return int(struct.unpack(order + code, raw)[0]) if len(raw) == width else view.size + 1


def read_psd(view: View) -> None:
    """Header and its three sized sections, then at least some picture data."""
    if len(view.head) < 26 or view.head[4:6] not in (b"\0\1", b"\0\2"):
        view.damaged("its header is damaged")
        return
    wide, at = view.head[5] == 2, 26
    for section in range(3):
        width = 8 if wide and section == 2 else 4
        raw = view.at(at, width)
        if len(raw) < width:
            view.damaged(CUT)
            return
        length = int.from_bytes(raw, "big")
        if section == 1 and 0 < length <= 4 * metadata.LARGEST:
            metadata.note_photoshop(view, view.at(at + width, length))
        at += width + length
    if at + 2 + _psd_pixels(view, at) > view.size:
        view.damaged(CUT)


def _psd_pixels(view: View, at: int) -> int:
    """How many bytes the merged picture takes: plain, or packed with a table of the rows' lengths in front."""
    channels, height, width, depth = struct.unpack_from(">HIIH", view.head, 12)
    rows = channels * height
    packing = view.at(at, 2)
    if packing == b"\0\0":
        return int(rows * ((width * depth + 7) // 8))
    if packing != b"\0\1" or rows > _MOST_ROWS:
        return 0
    code, size = (">%dI", 4) if view.head[5] == 2 else (">%dH", 2)
    table = view.at(at + 2, rows * size)
    return rows * size + sum(struct.unpack(code % rows, table)) if len(table) == rows * size else view.size


def read_riff(view: View) -> None:
    """WebP, WAV and AVI: the outer size must not reach past the file."""
    order = "big" if view.head[:4] == b"RIFX" else "little"
    stated = int.from_bytes(view.head[4:8], order)  # type: ignore[arg-type]
    kind = view.head[8:12]
    if kind == b"WEBP":
        if stated + 8 > view.size:
            view.damaged(CUT)
        for chunk, start, length in _chunks(view, order):
            if chunk == b"EXIF":
                metadata.note_exif(view, view.at(start, min(length, metadata.LARGEST)).removeprefix(b"Exif\0\0"))
            elif chunk == b"XMP ":
                metadata.note_xmp(view, view.at(start, min(length, metadata.LARGEST)))
        return
    if stated in (0, 0xFFFFFFFF) or view.head[:4] == b"RF64":
        return
    chunks = list(_chunks(view, order))
    for chunk, start, length in chunks:
        if chunk == b"LIST" and view.at(start, 4) == b"INFO":
            info = View.of_bytes(view.at(start - 8, 8 + min(length, metadata.LONGEST_TAGS)))
            for _, inside, size in _chunks(info, order):
                metadata.note_tags(view, info.at(inside, size))
    if (b"data", _SOX_UNKNOWN) in ((chunk, length) for chunk, _, length in chunks):
        return
    if stated + 8 > view.size + 1:
        view.damaged(CUT)
    elif kind == b"WAVE" and all(chunk != b"data" for chunk, _, _ in chunks):
        view.note(Seen.DAMAGED, "it holds no sound data")


def _chunks(view: View, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and length of each chunk of a RIFF file."""
    at = 12
    for _ in range(1000):
        head = view.at(at, 8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], order)  # type: ignore[arg-type]
        yield head[:4], at + 8, length
        at += 8 + length + length % 2
