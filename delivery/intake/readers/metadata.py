"""Metadata in pictures and documents: where, by whom, with what, and whose picture it is."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable

from delivery.intake import agencies, contacts
from delivery.intake.observation import Seen
from delivery.intake.readers.view import View

LARGEST = 1024**2
LONGEST_TAGS = 65536
_PEOPLE = {0x013B: "artist", 0x9C9D: "author", 0x013C: "computer", 0xA430: "camera owner", 0x8298: "copyright"}
_SERIALS = {0xA431: "camera's serial number", 0xA435: "lens's serial number", 0xC62F: "camera's serial number"}
_TEXTS = {0x010E: "description", 0x9C9C: "comment", 0x9286: "comment"}
_EXIF_FOLDER, _GPS_FOLDER, _XMP, _IPTC = 0x8769, 0x8825, 700, 33723
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_IPTC_FIELDS = {80: "byline", 110: "credit", 115: "source", 116: "copyright", 105: "headline", 118: "contact"}
_XMP_FIELDS = {
    b"dc:creator": "creator", b"dc:rights": "rights", b"photoshop:Credit": "credit", b"photoshop:Source": "source",
    b"dc:title": "title", b"xmpRights:Owner": "owner", b"plus:ImageSupplierName": "supplier",
    b"dc:publisher": "publisher", b"dc:description": "description",
    b"plus:CopyrightOwnerName": "owner", b"plus:LicensorName": "licensor", b"xmpRights:WebStatement": "web statement",
    b"photoshop:AuthorsPosition": "author's position", b"Iptc4xmpCore:CiEmailWork": "contact",
    b"Iptc4xmpCore:CiTelWork": "contact",
}  # fmt: skip
_XMP_PEOPLE = frozenset({"creator", "owner"})
_XMP_VALUE = re.compile(
    rb"<(%s)[^>]{0,200}>(.{0,2000}?)</\1>|\b(%s)\s*=\s*\"([^\"]{1,1000})\"" % ((b"|".join(_XMP_FIELDS),) * 2), re.DOTALL
)
_XMP_SERIAL = re.compile(
    rb"\b(?:aux|exifEX):(?:SerialNumber|BodySerialNumber|LensSerialNumber)\s*(?:=\s*\"|>)([^\"<]{3,60})"
)
_XMP_GPS = re.compile(rb"\bexif:GPSLatitude\s*(?:=\s*[\"']|>)\s*[^\"'<]{0,40}?[1-9]")
"""All zeros is what writers leave who know no place."""
_LOCAL = re.compile(rb"(?:file:///)?(?:[A-Za-z]:[\\/]Users[\\/]|/Users/|/home/)[\w. -]{2,40}[\\/][^\s\"'<>|]{1,120}")
_NO_TEXT = re.compile(rb"[\0-\x1f\x7f]+")
_HALVES = re.compile(rb"(?<=\0[^\0])\0(?!\0)|\0(?=[^\0]\0)")
"""The zeros of UTF-16: every second byte. Other zeros end a text."""
_MOST_TAGS = 1000
_TAGS = re.compile(rb"<[^>]{0,500}>")
_TOOLS = re.compile(
    r"(?i)adobe|photoshop|illustrator|indesign|canva|figma|gimp|inkscape|microsoft|openpyxl|python|libreoffice|"
    r"unknown|anonymous|user|admin|default|owner|author|windows|apple|none|picasa|ghostscript|latex|\btex\b|word|office|acrobat|^\W*$"
)


def note_text(view: View, text: str, place: str, *, person: bool = False) -> None:
    """One field's value: an agency, contact details, and with ``person`` a name."""
    text = " ".join(text.replace("\0", " ").split())
    if not text:
        return
    agency = agencies.find(text)
    if agency:
        view.note(Seen.STOCK, agency, place)
    for found in contacts.in_text(text.encode("utf-8", "replace")):
        view.note(Seen.CONTACT, f"{found.kind}: {found.text}", place)
    if person and not agency and not _TOOLS.search(text):
        view.note(Seen.PERSON, text[:80], place)


def note_exif(view: View, data: bytes) -> None:
    """The TIFF structure that EXIF is."""
    note_tiff(view, lambda at, count: data[at : at + count])


def note_tiff(view: View, read: Callable[[int, int], bytes]) -> None:
    """The fields of a TIFF structure, by ``read(offset, count)``: in a picture they may stand behind its pixels."""
    head = read(0, 8).ljust(8, b"\0")
    if head[:4] not in (b"II*\0", b"MM\0*"):
        return
    order = "<" if head[:2] == b"II" else ">"
    waiting, seen = [(struct.unpack_from(order + "I", head, 4)[0], "")], set[int]()
    while waiting and len(seen) < 8:
        at, folder = waiting.pop()
        count = read(at, 2)
        if at in seen or len(count) < 2:
            continue
        seen.add(at)
        fields = read(at + 2, 12 * min(struct.unpack(order + "H", count)[0], 500))
        for place in range(0, len(fields) - 11, 12):
            tag, kind, number, value = struct.unpack_from(order + "HHII", fields, place)
            if tag == _EXIF_FOLDER:
                waiting.append((value, "exif"))
            elif tag == _GPS_FOLDER:
                waiting.append((value, "gps"))
            elif tag == _XMP:
                note_xmp(view, read(value, min(number, LARGEST)))
            elif tag == _IPTC:
                note_iptc(view, read(value, min(number * _WIDTHS.get(kind, 1), LARGEST)))
            else:
                length = number * _WIDTHS.get(kind, 1)
                raw = fields[place + 8 : place + 8 + length] if length <= 4 else read(value, min(length, 4096))
                _exif_field(view, folder, tag, kind, raw)


def _exif_field(view: View, folder: str, tag: int, kind: int, raw: bytes) -> None:
    if folder == "gps":  # near the equator the degrees alone are 0; all zeros is what writers leave who know no place
        if tag == 2 and kind == 5 and any(raw[at : at + 4].strip(b"\0") for at in (0, 8, 16)):
            view.note(Seen.GPS, place="EXIF")
        return
    encoding = "utf-16-le" if tag >= 0x9C9B and tag <= 0x9C9F else "utf-8"
    if tag in _PEOPLE:
        note_text(view, raw.decode(encoding, "replace"), f"EXIF {_PEOPLE[tag]}", person=True)
    elif tag in _TEXTS:
        raw = raw.removeprefix(b"ASCII\0\0\0")
        note_text(view, raw.decode(encoding, "replace"), f"EXIF {_TEXTS[tag]}")
    elif tag in _SERIALS and raw.strip(b"\0 0"):
        view.note(Seen.SERIAL, _SERIALS[tag], "EXIF")


def note_xmp(view: View, data: bytes) -> None:
    """An XMP packet, read by its fields' names: it is often not well-formed."""
    for found in _XMP_VALUE.finditer(data[:LARGEST]):
        field = _XMP_FIELDS[found[1] or found[3]]
        value = _TAGS.sub(b" ", found[2] if found[2] is not None else found[4] or b"").decode("utf-8", "replace")
        note_text(view, value, f"XMP {field}", person=field in _XMP_PEOPLE)
    if _XMP_SERIAL.search(data):
        view.note(Seen.SERIAL, "camera's serial number", "XMP")
    if _XMP_GPS.search(data):
        view.note(Seen.GPS, place="XMP")
    note_local_path(view, data, "XMP")


def note_tags(view: View, data: bytes) -> None:
    """A block of tags in sound or video: text, but for the lengths and marks between, and the zeros of UTF-16."""
    text = _NO_TEXT.sub(b" ", _HALVES.sub(b"", data[:LONGEST_TAGS]))
    note_text(view, text.decode("utf-8", "replace"), "tags")


def note_vorbis(view: View, data: bytes) -> None:
    """The tags of FLAC and Ogg, one by one: the length before each may be a letter, which would belong to the last."""
    at = 8 + int.from_bytes(data[:4], "little")
    for _ in range(_MOST_TAGS):
        length = int.from_bytes(data[at : at + 4], "little")
        if at + 4 >= len(data):
            return
        note_tags(view, data[at + 4 : at + 4 + length])
        at += 4 + length


def note_local_path(view: View, data: bytes, place: str) -> None:
    """The first path of somebody's own computer; one tells as much as all."""
    local = _LOCAL.search(data)
    if local:
        view.note(Seen.LOCAL_PATH, local[0].decode("utf-8", "replace"), place)


def note_photoshop(view: View, data: bytes) -> None:
    """Photoshop's image resources: among them IPTC, XMP and EXIF."""
    at = 0
    while data[at : at + 4] == b"8BIM":
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        name = data[at + 6] + 1 if at + 6 < len(data) else 1
        at += 6 + name + name % 2
        length = int.from_bytes(data[at : at + 4], "big")
        block = data[at + 4 : at + 4 + length]
        if number == 1028:
            note_iptc(view, block)
        elif number == 1060:
            note_xmp(view, block)
        elif number == 1058:
            note_exif(view, block)
        at += 4 + length + length % 2


def note_iptc(view: View, data: bytes) -> None:
    at = 0
    while at + 5 <= len(data) and data[at] == 0x1C:
        record, dataset = data[at + 1], data[at + 2]
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        if record == 2 and dataset in _IPTC_FIELDS and length < 0x8000:
            text = data[at + 5 : at + 5 + length].decode("utf-8", "replace")
            note_text(view, text, f"IPTC {_IPTC_FIELDS[dataset]}", person=dataset == 80)
        at += 5 + length


def note_png_chunk(view: View, kind: bytes, data: bytes) -> None:
    """eXIf and the three kinds of text."""
    if kind == b"eXIf":
        note_exif(view, data)
        return
    key, _, rest = data.partition(b"\0")
    if kind == b"zTXt":
        rest = _inflated(view, rest[1:])
    elif kind == b"iTXt":
        packed, body = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
        rest = _inflated(view, body) if packed else body
    if key == b"XML:com.adobe.xmp":
        note_xmp(view, rest)
        return
    if key in _PROFILES:
        _PROFILES[key](view, _hexadecimal(rest))
        return
    name = key.decode("latin-1")
    note_text(view, rest[:4096].decode("utf-8", "replace"), f"PNG {name}", person=name.lower() in ("author", "artist"))
    note_local_path(view, rest[:8192], f"PNG {name}")


def _hexadecimal(profile: bytes) -> bytes:
    """What ImageMagick keeps of another format's metadata: a name, a length, and lines of hexadecimal digits."""
    digits = b"".join(profile.split()[2:])
    return bytes.fromhex(digits.decode()) if re.fullmatch(rb"(?:[0-9a-fA-F]{2})*", digits) else b""


_PROFILES: dict[bytes, Callable[[View, bytes], None]] = {
    b"Raw profile type exif": lambda view, data: note_exif(view, data.removeprefix(b"Exif\0\0")),
    b"Raw profile type APP1": lambda view, data: note_exif(view, data.removeprefix(b"Exif\0\0")),
    b"Raw profile type xmp": note_xmp,
    b"Raw profile type iptc": note_photoshop,
    b"Raw profile type 8bim": note_photoshop,
}


def _inflated(view: View, data: bytes) -> bytes:
    try:
        data = zlib.decompressobj().decompress(data, LARGEST)
    except zlib.error:
        return b""
    view.unpacked(len(data))
    return data
