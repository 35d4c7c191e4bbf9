"""What is left in an Office document of the work on it: comments, tracked changes, speaker notes, and what is hidden.

Programs leave the places for these behind, empty or unused; only what is written in them, or names them, counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from delivery.intake.observation import Seen
from delivery.intake.readers import zips
from delivery.intake.readers.metadata import LARGEST
from delivery.intake.readers.view import View
from delivery.units import format_size

_MOST_SEARCHED = 16 * 1024**2
"""Of a part that holds the whole text, and with it all changes and slides."""
_EDGE = 8192
"""More than a style, or a note as far as its first word, takes; two pieces share as much."""
_CHANGE = re.compile(rb"<w:(?:ins|del|moveFrom|moveTo)\s[^<>]{0,200}?w:author=")
_SIGNS = (
    (b"<office:annotation", re.compile(rb"<office:annotation[\s>]"), "comments"),
    (b'"notes"', re.compile(
        rb"\bpresentation:class=\"notes\"[^<>]{0,500}>(?:\s{0,99}<(?!/draw:|svg:)[^<>]{1,500}>){0,50}\s{0,99}([^<\s])?"
    ), "speaker notes"),
    (b"w:author=", _CHANGE, "tracked changes"),
    (b"<office:change-info", re.compile(rb"<office:change-info[\s>]"), "tracked changes"),
)  # fmt: skip
"""What is quickly told to be absent, and what then says for sure that something is there: by its group where it has
one, which may be empty, so that nothing is read again for the next place that might hold it."""
_COMMENTS = re.compile(r"(?:word/comments|ppt/comments/|xl/comments|xl/threadedComments/)[\w/.-]*\.xml")
_BESIDE = re.compile(r"word/(?:footnotes|endnotes|(?:header|footer)\d*)\.xml")
_COMMENT = re.compile(rb"<(?:\w+:)?(?:comment|cm|threadedComment)[\s>]")
_NOTES = re.compile(r"ppt/notesSlides/[\w.-]+\.xml")
_NOTES_BODY = re.compile(rb"<(?:\w+:)?ph\s[^>]{0,200}?\btype=[\"']body[\"']")
_WORDS = re.compile(rb"<a:t(?:\s[^>]{0,200})?>\s*[^<\s]")
"""Something written. Beside the notes themselves such a slide has its number, and mostly nothing else."""
_MOST_PARTS = 200
_SLIDES = re.compile(r"ppt/slides/[\w.-]+\.xml")
_HIDDEN_SLIDE = re.compile(rb"<(?:\w+:)?sld\s(?:[^<>]{0,6000}?\s)?show=[\"'](?:0|false)[\"']")
_START_OF_SLIDE = 8192
_MOST_SLIDES = 1000
_WORKBOOK = re.compile(r"xl/workbook\d*\.xml")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]{1,1000}>")
_HIDDEN = re.compile(rb"\bstate\s*=\s*[\"'](?:hidden|veryHidden)[\"']")
_SHEET_NAME = re.compile(rb"\bname\s*=\s*(?:\"([^\"]{1,300})|'([^']{1,300}))")
_HIDING = (b'presentation:visibility="hidden"', b'table:display="false"')
_STYLE = re.compile(rb"<style:style\s([^<>]{1,1000})>\s{0,99}<style:(?:drawing-page|table)-properties\s([^<>]{1,4000})")
_STYLE_NAME = re.compile(rb"\bstyle:name=\"([^\"]{1,200})\"")
_STYLED = re.compile(rb"<(?:draw:page|table:table)\s([^<>]{1,2000})")
_STYLED_BY = re.compile(rb"\b(?:draw|table):style-name=\"([^\"]{1,200})\"")
_TABLE_NAME = re.compile(rb"\btable:name=\"([^\"]{1,300})\"")
_MOST_STYLES = 500


def note_remarks(view: View, by_name: dict[str, zips.Member], main: str) -> None:
    body = by_name.get(main)
    if body is not None:
        _note_in_body(view, body)
        if _WORKBOOK.fullmatch(main):
            _note_hidden_sheets(view, zips.content(view, body, LARGEST))
    if any(_CHANGE.search(part) for part in _parts(view, by_name, _BESIDE)):
        view.note(Seen.REVIEW, "tracked changes")
    if any(_COMMENT.search(part) for part in _parts(view, by_name, _COMMENTS)):
        view.note(Seen.REVIEW, "comments")
    if any(_has_notes(part) for part in _parts(view, by_name, _NOTES)):
        view.note(Seen.REVIEW, "speaker notes")
    starts = _parts(view, by_name, _SLIDES, most=_MOST_SLIDES, length=_START_OF_SLIDE)
    if any(_HIDDEN_SLIDE.search(start) for start in starts):
        view.note(Seen.REVIEW, "hidden slides")


def _parts(
    view: View,
    by_name: dict[str, zips.Member],
    names: re.Pattern[str],
    *,
    most: int = _MOST_PARTS,
    length: int = LARGEST,
) -> Iterator[bytes]:
    for name in [name for name in by_name if names.fullmatch(name)][:most]:
        yield zips.content(view, by_name[name], length)


def _has_notes(slide: bytes) -> bool:
    return any(_NOTES_BODY.search(shape) and _WORDS.search(shape) for shape in slide.split(b"</p:sp>"))


def _note_hidden_sheets(view: View, workbook: bytes) -> None:
    for sheet in _SHEET.findall(workbook):
        name = _SHEET_NAME.search(sheet)
        if name and _HIDDEN.search(sheet):
            _note_hidden_sheet(view, name[1] or name[2])


def _note_hidden_sheet(view: View, name: bytes) -> None:
    view.note(Seen.REVIEW, f"a hidden sheet: {unescape(name.decode('utf-8', 'replace'))}")


def _note_in_body(view: View, body: zips.Member) -> None:
    hiding, before = set[bytes](), b""
    for piece in zips.pieces(view, body, _MOST_SEARCHED):
        text = before + piece
        for mark, sign, told in _SIGNS:
            if mark in text and any(found[sign.groups] for found in sign.finditer(text)):
                view.note(Seen.REVIEW, told)
        if len(hiding) < _MOST_STYLES and any(mark in text for mark in _HIDING):
            hiding.update(_hiding_styles(text))
        if hiding:
            _note_hidden(view, text, hiding)
        before = text[-_EDGE:]
    if body.size > _MOST_SEARCHED:
        told = f"it is a long document: only its first {format_size(_MOST_SEARCHED)} were searched for tracked changes"
        view.note(Seen.UNSEEN, f"{told} and the like")


def _hiding_styles(text: bytes) -> Iterator[bytes]:
    """In OpenDocument a slide or sheet is hidden by its style."""
    for attributes, properties in _STYLE.findall(text):
        name = _STYLE_NAME.search(attributes)
        if name and any(mark in properties for mark in _HIDING):
            yield name[1]


def _note_hidden(view: View, text: bytes, hiding: set[bytes]) -> None:
    for found in _STYLED.finditer(text):
        style, name = _STYLED_BY.search(found[1]), _TABLE_NAME.search(found[1])
        if not style or style[1] not in hiding:
            continue
        if found[0].startswith(b"<draw:page"):
            view.note(Seen.REVIEW, "hidden slides")
        elif name and not name[1].startswith((b"'", b"&apos;")):  # so begins what is kept of another document's sheet
            _note_hidden_sheet(view, name[1])
