"""PDF and PostScript by their ends: the trailer that a reader starts from."""

from __future__ import annotations

import re

from delivery.intake.observation import Seen
from delivery.intake.readers.metadata import note_text, note_xmp
from delivery.intake.readers.view import View

_POSTSCRIPT_ENDS = (b"%%EOF", b"showpage", b"%%EndBinary", b"%%Trailer")
_START = re.compile(rb"startxref\s+(\d+)")
_FIELD = re.compile(
    rb"/(Author|Company|Title|Subject|Keywords)\s*(?:\(((?:[^()\\]|\\.){1,500})\)|<([0-9A-Fa-f\s]{4,2000})>)", re.DOTALL
)
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
    if re.search(rb"/Encrypt\s+\d+\s+\d+\s+R", tail) or re.search(rb"/Encrypt\s*<<", tail):
        view.note(Seen.ENCRYPTED, "it is protected")
    else:
        _note_metadata(view)


def _note_metadata(view: View) -> None:
    """The Info dictionary and the XMP packet, where they lie open in the first or last 64 KiB."""
    for block in {view.head, view.tail}:
        for found in _FIELD.finditer(block):
            field = found[1].decode().lower()
            note_text(view, _string(found[2], found[3]), f"PDF {field}", person=field in ("author", "company"))
        at = block.find(b"<x:xmpmeta")
        if at >= 0:
            note_xmp(view, block[at:])


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
    if view.head.startswith(b"%!PS-Adobe") and not any(mark in view.tail[-4096:] for mark in _POSTSCRIPT_ENDS):
        view.note(Seen.DOUBTFUL, "its end mark is missing; it may be cut off")
