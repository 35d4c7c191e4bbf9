"""What is left in a PDF of the work on it: comments on its pages, and files that are attached to it.

Most have none, which the bytes themselves tell, read once past the pictures. Only where some may be the objects are
asked: a comment that was deleted mostly stays in the file, but no page names it any more.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from delivery.intake.observation import Seen
from delivery.intake.readers.view import View
from delivery.units import format_size

if TYPE_CHECKING:
    from pypdf import PdfReader

_REMARKS = frozenset({"/Text", "/FreeText", "/Highlight", "/Underline", "/Squiggly", "/StrikeOut", "/Caret"})
_EDITS = frozenset({"/StrikeOut", "/Caret"})
"""They say what is to be changed without a word."""
_TYPED = "/FreeTextTypewriter"
"""Text that fills in a form; it is shown as a part of the page."""
_SIGN = re.compile(
    rb"/(?:EmbeddedFiles|Subtype\s{0,4}/(?:Text|FreeText|Highlight|Underline|Squiggly|StrikeOut|Caret|FileAttachment))\b"
)
_OBJECT = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+obj\b")
_PACK = re.compile(rb"/ObjStm\b")
_STREAM = re.compile(rb">>\s{0,4}stream\r?\n")
_LENGTH = re.compile(rb"/Length\s+(\d{1,12})\b(?!\s+\d+\s+R)")
_FIRST = re.compile(rb"/First\s+(\d{1,8})\b")
_BLOCK = 512 * 1024
_EDGE = 4096
"""More than an annotation takes as far as its kind; two blocks share as much."""
_MOST = 32 * 1024**2
_MOST_UNPACKED = 64 * 1024**2
_LARGEST_PACK = 1024**2
_USUAL_PACK = 128 * 1024
_FIELDS = 500
"""Before and behind the word that says what a stream is."""
_MOST_SIGNS = 5000
_MOST_TRIED = 50
_MOST_NODES = 100


def signs(view: View) -> frozenset[int]:
    """The numbers of objects that may be comments or hold attached files; 0 where it is not known which."""
    found, packs, read, unpacked, at = set[int](), set[int](), 0, 0, 0
    while at < view.size and read < _MOST and unpacked < _MOST_UNPACKED and len(found) < _MOST_SIGNS:
        begin = max(0, at - _EDGE)
        block = view.at(begin, _BLOCK)
        if not block:
            break
        read += len(block)
        found.update(_signs_in_open(block))
        for pack in _PACK.finditer(block):
            stream = _STREAM.search(block, pack.end(), pack.end() + _FIELDS)
            if stream and begin + stream.end() not in packs:
                packs.add(begin + stream.end())
                fields = block[max(0, pack.start() - _FIELDS) : stream.end()]
                body = view.at(begin + stream.end(), _length(fields) or _USUAL_PACK)
                body = _unpacked(body) if b"/Filter" in fields else body
                unpacked += len(body)
                view.unpacked(len(body))
                found.update(_signs_in_pack(body, fields))
        at = max(begin + len(block), _end_of_stream(block, begin))
    if at < view.size:
        view.note(Seen.UNSEEN, f"it is a large PDF: only its first {format_size(at)} were searched for comments")
    return frozenset(found)


def _signs_in_open(block: bytes) -> Iterator[int]:
    places = [sign.start() for sign in islice(_SIGN.finditer(block), _MOST_SIGNS)]
    if places:
        objects = [(item.start(), int(item[1])) for item in _OBJECT.finditer(block)]
        for place in places:
            at = bisect_right(objects, (place, 0)) - 1
            yield objects[at][1] if at >= 0 else 0


def _length(fields: bytes) -> int:
    lengths = _LENGTH.findall(fields)
    return min(int(lengths[-1]), _LARGEST_PACK) if lengths else 0


def _end_of_stream(block: bytes, begin: int) -> int:
    """Where the stream ends that reaches past the block, so that a picture's bytes need not be read."""
    at = block.rfind(b"stream", 0, -2)
    start = _STREAM.search(block, max(0, at - 8)) if at >= 0 else None
    if start is None:
        return 0
    lengths = _LENGTH.findall(block, max(0, start.start() - _EDGE), start.start())
    return begin + start.end() + int(lengths[-1]) if lengths else 0


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _LARGEST_PACK)
    except zlib.error:
        return b""


def _signs_in_pack(body: bytes, fields: bytes) -> Iterator[int]:
    """A pack of objects begins with the number of each and where it stands."""
    first = _FIRST.search(fields)
    start = int(first[1]) if first else 0
    head = [int(word) for word in body[:start].split() if word.isdigit()]
    numbers, places = head[::2], head[1::2]
    for sign in islice(_SIGN.finditer(body, start), _MOST_SIGNS):
        place = bisect_right(places, sign.start() - start) - 1
        yield numbers[place] if place >= 0 else 0


def note_remarks(view: View, reader: PdfReader, found: frozenset[int]) -> None:
    """Comments that a page names, and attached files. Raises what pypdf does for damaged objects."""
    names = list(_attached(reader))
    for number in sorted(found, reverse=True)[:_MOST_TRIED]:  # what was added last is least likely to be deleted
        for remark in _annotations(reader, number):
            if remark.get("/Subtype") == "/FileAttachment":
                names += _file(_of(remark, "/FS"), "a file without a name")
            elif _is_remark(remark):
                view.note(Seen.REVIEW, "comments")
    for name in names:
        view.note(Seen.REVIEW, f"an attached file: {name}")


def _annotations(reader: PdfReader, number: int) -> Iterator[Any]:
    """The annotation of this number where its page names it, or those that stand in a page or list itself."""
    item = reader.get_object(number) if number else None
    inside = _of(item, "/Annots") if _of(item, "/Type") == "/Page" else item
    if isinstance(inside, list):
        yield from (each for each in inside[:_MOST_TRIED] if isinstance(each, dict))
    elif isinstance(item, dict) and "/Subtype" in item:
        on_page = _of(_of(item, "/P"), "/Annots")
        if not isinstance(on_page, list):
            on_page = None if "/P" not in item else []
        if on_page is None or any(getattr(each, "idnum", 0) == number for each in on_page):
            yield item


def _is_remark(annotation: Any) -> bool:
    kind = annotation.get("/Subtype")
    if kind not in _REMARKS or _of(annotation, "/IT") == _TYPED:
        return False
    return kind in _EDITS or any(str(_of(annotation, key) or "").strip() for key in ("/Contents", "/RC"))


def _attached(reader: PdfReader) -> Iterator[str]:
    """By the document's own list, which is a tree."""
    waiting = [_of(_of(reader.root_object, "/Names"), "/EmbeddedFiles")]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node = waiting.pop()
        names, kids = _of(node, "/Names"), _of(node, "/Kids")
        if isinstance(names, list):
            for key, file in zip(names[::2], names[1::2], strict=False):
                yield from _file(file.get_object(), str(key))
        if isinstance(kids, list):
            waiting += [kid.get_object() for kid in kids[:_MOST_NODES]]


def _file(file: Any, otherwise: str) -> Iterator[str]:
    """Its name. An XML that says how it belongs to the document is an electronic invoice's, and meant."""
    name = str(_of(file, "/UF") or _of(file, "/F") or otherwise)
    if not (name.lower().endswith(".xml") and _of(file, "/AFRelationship")):
        yield name


def _of(item: Any, key: str) -> Any:
    return item[key] if isinstance(item, dict) and key in item else None
