"""Formats by their own signatures, and the formats that a file name's extension promises.

libmagic gives the media type that is shown; this table answers two narrower questions surely and fast: which reader
understands these bytes, and can a program that goes by the name open them.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Any

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"%!PS", "postscript"),
    (b"\xc5\xd0\xd3\xc6", "postscript"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07\x00", "rar"),
    (b"Rar!\x1a\x07\x01\x00", "rar"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"8BPS", "psd"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"IIRO", "tiff"),
    (b"IIU\x00", "tiff"),
    (b"BM", "bmp"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"\x00\x00\x02\x00", "ico"),
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
    (b"MThd", "midi"),
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"FLV\x01", "flv"),
    (b"FORM", "iff"),
    (b"RF64", "wav"),
    (b"\x00\x01\x00\x00\x00", "sfnt"),
    (b"OTTO\x00", "sfnt"),
    (b"true\x00", "sfnt"),
    (b"ttcf\x00", "sfnt"),
    (b"wOFF", "woff"),
    (b"wOF2", "woff"),
    (b"BLENDER", "blend"),
    (b"glTF", "glb"),
    (b"Kaydara FBX Binary", "fbx"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"MZ", "exe"),
    (b"\x7fELF", "elf"),
    (b"\xcf\xfa\xed\xfe", "macho"),
    (b"\xce\xfa\xed\xfe", "macho"),
    (b"\xca\xfe\xba\xbe", "macho"),
    (b"{\\rtf", "rtf"),
    (b"version https://git-lfs", "lfs"),
    (b"\x00asm", "wasm"),
    (b"!<arch>\n", "ar"),
    (b"MSCF\x00\x00\x00\x00", "cab"),
)
_BY_FIRST: dict[int, tuple[tuple[bytes, str], ...]] = {}
for _prefix, _name in _PREFIXES:
    _BY_FIRST[_prefix[0]] = (*_BY_FIRST.get(_prefix[0], ()), (_prefix, _name))

_ISO_IMAGES = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_NO_TEXT = frozenset(("gif", "psd", "flac", "ogg", "mp3", "midi", "iff", "wav", "blend", "glb", "woff"))
"""Formats that begin with plain letters, and have bytes soon after that no text has."""
_BOXES = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))


_PDF = re.compile(rb"(?:\A|[\r\n]|\xef\xbb\xbf)%PDF-[0-9]")
"""It may stand behind other lines, as those of a server's answer; a text that speaks of it has it inside a line."""
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MARKS = (*UTF16_MARKS, b"\xef\xbb\xbf")


def is_text(head: bytes) -> bool:
    """Whether what begins so is text, as far as its beginning tells."""
    return head.startswith(_MARKS) or b"\0" not in head[:8192]


def sniff(head: bytes) -> str:
    """The format that ``head`` begins with, or the empty string."""
    if not head:
        return ""
    for prefix, name in _BY_FIRST.get(head[0], ()):
        if head.startswith(prefix):
            return _surer(head, name)
    if head[4:8] == b"ftyp":
        return "heif" if head[8:12] in _ISO_IMAGES else "mp4"
    if head[4:8] in _BOXES and not is_text(head):
        return "mp4"
    if head[:4] in (b"RIFF", b"RIFX") and not is_text(head):
        return _RIFF.get(head[8:12], "riff")
    if head[257:262] == b"ustar":
        return "tar"
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 and head[2] & 0xF0 != 0xF0:
        return "mp3" if head[:2] not in UTF16_MARKS else ""
    if b"%PDF-" in head[:1024] and (_PDF.search(head[:1024]) or not is_text(head)):
        return "pdf"
    return ""


def tag_length(head: bytes) -> int:
    """Of the ID3 tag that ``head`` begins with, or 0."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _surer(head: bytes, name: str) -> str:
    """A few letters prove little: a text may begin with BM, MZ, FORM or BLENDER."""
    if name in _NO_TEXT and is_text(head):
        return ""
    if name == "bmp" and not (len(head) > 26 and head[6:10] == b"\0\0\0\0"):
        return ""
    if name == "exe" and not (len(head) >= 64 and b"\0" in head[:64]):
        return ""
    if name == "macho" and head[:4] == b"\xca\xfe\xba\xbe" and int.from_bytes(head[4:8], "big") > 40:
        return "class"
    if name == "sfnt" and not (head[:4] == b"ttcf" or (b"\0" < head[5:6] < b"\x80" and head[12:15].isalnum())):
        return ""
    if name == "bzip2" and head[3:4] not in b"123456789":
        return ""
    return name


PROGRAMS = frozenset({"exe", "elf", "macho"})
"""Formats of native programs, whatever they are called."""

_TABLE: dict[str, dict[str, Any]] = tomllib.loads(
    files("delivery.intake.readers").joinpath("formats.toml").read_text(encoding="utf-8")
)

TITLES: dict[str, str] = {name: entry["title"] for name, entry in _TABLE.items()}
"""Format -> how it is called in a sentence: ``a PNG picture``."""

PROMISES: dict[str, frozenset[str]] = {}
"""Extension -> the formats that programs going by that name can open. One that is absent promises nothing sure."""
for _name, _entry in _TABLE.items():
    for _ending in _entry.get("extensions", ()):
        PROMISES[_ending] = PROMISES.get(_ending, frozenset()) | {_name}


_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"avif": "image/avif", b"avis": "image/avif",
    b"qt  ": "video/quicktime", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}  # fmt: skip


def media_type(head: bytes) -> str | None:
    """The media type of a file that begins with ``head``, for those formats that libmagic may not know."""
    found = sniff(head)
    if found in ("heif", "mp4") and head[8:12] in _BRANDS:
        return _BRANDS[head[8:12]]
    if found == "matroska" and b"webm" in head[:64]:
        return "video/webm"
    if found == "woff" and head[:4] == b"wOF2":
        return "font/woff2"
    told: str | None = _TABLE[found].get("media_type") if found in _TABLE else None
    return told


def needs_content(extension: str) -> bool:
    """Whether a file of this name is broken when empty or of no known format: pictures, archives, sound."""
    return extension in PROMISES and "text" not in PROMISES[extension]
