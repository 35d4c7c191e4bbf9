"""PDF and PostScript by their ends: the trailer that a reader starts from; and who made them where."""

from __future__ import annotations

import io
import logging
import re
from typing import TYPE_CHECKING

from delivery.intake.observation import Seen
from delivery.intake.readers import pdf_remarks
from delivery.intake.readers.metadata import note_local_path, note_text, note_xmp
from delivery.intake.readers.view import HEAD, Exhausted, View

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from pypdf import PdfReader

_POSTSCRIPT_ENDS = (b"%%EOF", b"showpage", b"%%EndBinary", b"%%Trailer")
_COMMENT = re.compile(rb"^%%(For|Title):[ \t]*([^\r\n]{1,255})", re.MULTILINE)
_LONGEST_COMMENTS = 8192
_LONGEST_PACKET = 256 * 1024
_FIELDS = frozenset({"author", "company", "title", "subject", "keywords"})
_PEOPLE = frozenset({"author", "company"})
_START = re.compile(rb"startxref\s+(\d+)")
_FIELD = re.compile(
    rb"/(Author|Company|Title|Subject|Keywords)\s*(?:\(((?:[^()\\]|\\.){1,500})\)|<([0-9A-Fa-f\s]{4,2000})>)", re.DOTALL
)
_INFO = re.compile(rb"/Info\s+\d+\s+\d+\s+R")
_XREF = re.compile(rb"\s*(?:xref\b|\d+\s+\d+\s+obj\b)")


def read_pdf(view: View) -> None:
    """The end mark, and the cross-reference table where it says that it is."""
    tail = view.tail
    ends = tail.rstrip(b"\0\r\n\t ")
    starts = _START.findall(ends)
    if b"%%EOF" not in ends[-2048:] and not starts:
        view.damaged("its end is missing: the file is cut off")
        return
    if not starts:
        view.note(Seen.DOUBTFUL, "its table of contents is missing, so some programs refuse it")
        return
    shift = max(0, view.head.find(b"%PDF-"))
    offset = int(starts[-1][-15:])
    if offset and not any(_XREF.match(view.at(at, 40)) for at in (offset, offset + shift)):
        view.note(Seen.DOUBTFUL, "its table of contents is not where it should be, so some programs refuse it")
    protected = bool(re.search(rb"/Encrypt(?:\s+\d+\s+\d+\s+R|\s*<<)", tail))
    packed = protected or not _note_metadata(view)
    found = pdf_remarks.signs(view)
    if packed or found:
        _follow(view, found, protected=protected, packed=packed)


def _note_metadata(view: View) -> bool:
    """The Info dictionary and the XMP packet, where they lie open in the first or last 64 KiB.

    False where there is a dictionary and it lies elsewhere, or packed.
    """
    blocks, noted = {view.head, view.tail}, False
    for block in blocks:
        for found in _FIELD.finditer(block):
            field, noted = found[1].decode().lower(), True
            _note_field(view, field, _string(found[2], found[3]))
        at = block.find(b"<x:xmpmeta")
        if at >= 0:
            note_xmp(view, block[at:])
    return noted or not any(_INFO.search(block) for block in blocks)


def _note_field(view: View, field: str, value: str) -> None:
    note_text(view, value, f"PDF {field}", person=field in _PEOPLE)
    note_local_path(view, value.encode("utf-8", "replace"), f"PDF {field}")


def _follow(view: View, found: frozenset[int], *, protected: bool, packed: bool) -> None:
    """What only its objects tell: packed metadata, comments where there are signs of them, and whether a protected file
    opens for everyone all the same.

    Without a table of contents all of the file would be read to find them.
    """
    if any(fact.kind is Seen.DOUBTFUL for fact in view.facts):
        if protected:
            view.note(Seen.ENCRYPTED, "it is protected")
        return
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    from delivery.intake.codecs import pdf_errors

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    locked = "it is protected" if protected else ""
    try:
        reader = PdfReader(io.BufferedReader(_Stream(view), HEAD), strict=False)
        if not protected or reader.decrypt(""):
            locked = ""
            if packed:
                _note_packed_metadata(view, reader)
            if found:
                pdf_remarks.note_remarks(view, reader, found)
    except DependencyError:  # AES, without the library that pypdf needs for it
        locked = locked and "to open it, or only to change it, which cannot be told here"
    except Exhausted:
        view.note(Seen.UNSEEN, Exhausted.told)
    except pdf_errors():
        pass
    if locked:
        view.note(Seen.ENCRYPTED, locked)


def _note_packed_metadata(view: View, reader: PdfReader) -> None:
    for key, value in (reader.metadata or {}).items():
        field = str(key).lstrip("/").lower()
        if field in _FIELDS:
            _note_field(view, field, str(value)[:500])
    packet = reader.root_object.get("/Metadata")
    if packet is not None:
        note_xmp(view, packet.get_object().get_data())


class _Stream(io.RawIOBase):
    """A view, as pypdf reads."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._view.size)[whence])
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        into = memoryview(buffer)
        data = self._view.at(self._at, len(into))
        into[: len(data)] = data
        self._at += len(data)
        return len(data)


def _string(plain: bytes | None, coded: bytes | None) -> str:
    if plain is not None:
        raw = re.sub(rb"\\(\d{3}|.)", lambda found: _escaped(found[1]), plain, flags=re.DOTALL)
    else:
        raw = bytes.fromhex(
            re.sub(rb"\s", b"", coded or b"").decode("ascii")[:2000].ljust(2, "0")[: 2 * (len(coded or b"") // 2)]
        )
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    return raw.decode("utf-8" if raw.startswith(b"\xef\xbb\xbf") else "latin-1", "replace")


def _escaped(code: bytes) -> bytes:
    if code.isdigit():
        return bytes([int(code, 8) & 0xFF]) if not code.strip(b"01234567") else b""
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\n": b"", b"\r": b""}.get(code, code)


def read_postscript(view: View) -> None:
    """The end mark, the comments that it begins with, and an XMP packet, which follows them closely."""
    head = view.head
    if head.startswith(b"%!PS-Adobe") and not any(mark in view.tail[-4096:] for mark in _POSTSCRIPT_ENDS):
        view.note(Seen.DOUBTFUL, "its end mark is missing; it may be cut off")
    for found in _COMMENT.finditer(head[:_LONGEST_COMMENTS].partition(b"%%EndComments")[0]):
        field, value = found[1].decode(), re.sub(rb"\\?[()]", b"", found[2].replace(b"\\\\", b"\\"))
        note_text(view, value.decode("utf-8", "replace"), f"PostScript {field}", person=field == "For")
        note_local_path(view, value, f"PostScript {field}")
    at = head.find(b"<x:xmpmeta")
    if at >= 0:
        note_xmp(view, view.at(at, _LONGEST_PACKET).partition(b"</x:xmpmeta>")[0])
