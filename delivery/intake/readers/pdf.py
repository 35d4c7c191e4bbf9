"""PDF and PostScript by their ends: the trailer that a reader starts from."""

from __future__ import annotations

import re

from delivery.intake.observation import Seen
from delivery.intake.readers.view import View

_START = re.compile(rb"startxref\s+(\d+)")
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


def read_postscript(view: View) -> None:
    if (
        view.head.startswith(b"%!PS-Adobe")
        and b"%%EOF" not in view.tail[-4096:]
        and b"showpage" not in view.tail[-4096:]
    ):
        view.note(Seen.DOUBTFUL, "its end mark is missing; it may be cut off")
