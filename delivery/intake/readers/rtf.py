"""RTF: who wrote it and for whom, by the group before the text; comments and tracked changes in the text."""

from __future__ import annotations

import codecs
import re

from delivery.intake.observation import Seen
from delivery.intake.readers.metadata import note_text
from delivery.intake.readers.view import View

_LONGEST = 16 * 1024
_PEOPLE = re.compile(rb"\{\s*(?:\\\*\s*)?\\(author|operator|company|manager)\b((?:\\.|[^\\}]){1,500})", re.DOTALL)
_CODES = re.compile(
    rb"((?:\\'[0-9a-fA-F]{2})+)|\\u(-?\d{1,6}) ?(\\'[0-9a-fA-F]{2}|[^\\{}])?|\\([\\{}])|\\[a-z]+-?\d* ?|[{}\r\n]"
)
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{1,5})")
_REMARKS = (
    (b"\\annotation", re.compile(rb"(?<!\\)\{\s{0,9}\\\*\s{0,9}\\annotation(?=[^a-z])"), "comments"),
    (b"\\revised", re.compile(rb"(?<!\\)\\revised(?=[^a-z0]|0\d)"), "tracked changes"),
    (b"\\deleted", re.compile(rb"(?<!\\)\\deleted(?=[^a-z0]|0\d)"), "tracked changes"),
)
"""What is quickly told to be absent, and what then says for sure that it is no word of the text; 0 switches off.
A block may end within a word, and the next one begins with that."""


def note_people(view: View, data: bytes) -> None:
    start = data.find(b"{\\info")
    if start < 0:
        return
    page = _CODE_PAGE.search(data, 0, 4096)
    encoding = _known(f"cp{page[1].decode()}") if page else "cp1252"
    for field, value in _PEOPLE.findall(data[start : start + _LONGEST]):
        note_text(view, _plain(value, encoding), f"RTF {field.decode()}", person=True)


def note_remarks(view: View, block: bytes) -> None:
    for mark, sign, told in _REMARKS:
        if mark in block and sign.search(block):
            view.note(Seen.REVIEW, told)


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "cp1252"


def _plain(value: bytes, encoding: str) -> str:
    """Without codes. What stands behind a character's number is for programs that do not know it, but for ``uc0``."""
    stands_in, text, at = b"\\uc0" not in value, "", 0
    for code in _CODES.finditer(value):
        text += value[at : code.start()].decode("latin-1")
        at = code.end()
        escaped, number, instead, itself = code.groups()
        if escaped:
            text += bytes.fromhex(escaped.replace(b"\\'", b"").decode()).decode(encoding, "replace")
        elif number:
            text += chr(int(number) & 0xFFFF) + ("" if stands_in else _plain(instead or b"", encoding))
        elif itself:
            text += itself.decode()
    text += value[at:].decode("latin-1")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
