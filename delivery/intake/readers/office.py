"""Office documents in zips: are their main parts there, who made them, what is left in them of the work on them."""

from __future__ import annotations

import re

from delivery.intake.names import extension
from delivery.intake.observation import Seen
from delivery.intake.readers import office_remarks, pictures, zips
from delivery.intake.readers.formats import sniff
from delivery.intake.readers.metadata import LARGEST, note_local_path, note_text
from delivery.intake.readers.text import note_contacts, note_secrets
from delivery.intake.readers.view import View

_MAIN = {
    ending: main
    for main, endings in (
        ("word/document.xml", "docx docm dotx dotm"),
        ("xl/workbook.xml", "xlsx xlsm xltx xltm"),
        ("ppt/presentation.xml", "pptx pptm ppsx ppsm potx potm"),
        ("content.xml", "odt ods odp odg ott ots otp otg"),
        ("META-INF/container.xml", "epub"),
    )
    for ending in endings.split()
}
DOCUMENTS = frozenset(_MAIN) - {"epub"}
"""Their extensions."""
_FIELDS = {
    "docProps/core.xml": (
        ("creator", rb"<dc:creator>([^<]{1,300})"),
        ("last editor", rb"<cp:lastModifiedBy>([^<]{1,300})"),
    ),
    "docProps/app.xml": (("company", rb"<Company>([^<]{1,300})"), ("manager", rb"<Manager>([^<]{1,300})")),
    "meta.xml": (
        ("creator", rb"<meta:initial-creator>([^<]{1,300})"),
        ("last editor", rb"<dc:creator>([^<]{1,300})"),
    ),
}
_PLACES = re.compile(r"xl/workbook\.xml|(?:word|xl|ppt)/(?:\w+/)?_rels/[\w.]+\.rels")
"""Parts that say where the document lay, and what it was made from or draws on."""
_MOST_PLACES = 100
PICTURES = re.compile(r"(?:(?:word|xl|ppt)/media|Pictures)/[^/]+\.(?:jpe?g|png)", re.IGNORECASE)
"""They lie there as they came from the camera."""
_MOST_PICTURES = 100
_START_OF_PICTURE = 128 * 1024
_OF_PICTURES = frozenset({Seen.GPS, Seen.PERSON, Seen.SERIAL, Seen.CONTACT})
_TEXTS = frozenset({"docx", "docm", "dotx", "dotm", "odt", "ott"})
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]{1,1000}>")
_TO_MAIN = re.compile(rb"/officeDocument[\"']")
_TARGET = re.compile(rb"\sTarget=[\"']/?([^\"']{1,300})")
_TAGS = re.compile(rb"<[^<>]{0,2000}>")
_PARAGRAPH_ENDS = re.compile(rb"</(?:w:p|text:p|a:p)>")


def read_office(view: View, found: list[zips.Member]) -> bool:
    """Whether the name is an Office document's; if so its parts are looked at."""
    ending = extension(view.name)
    if ending not in _MAIN:
        return False
    by_name = {member.name: member for member in found}
    main = _MAIN[ending] if _MAIN[ending] in by_name else _related(view, by_name)
    if found and main not in by_name and not view.facts:
        view.damaged(f"it is a zip without the parts of a .{ending} document")
        return True
    for part, fields in _FIELDS.items():
        data = _part(view, by_name, part)
        for name, pattern in fields:
            value = re.search(pattern, data)
            if value:
                note_text(view, value[1].decode("utf-8", "replace"), name, person=True)
    for part in [name for name in by_name if _PLACES.fullmatch(name)][:_MOST_PLACES]:
        note_local_path(view, _part(view, by_name, part), part.rpartition("/")[2])
    for member in [member for member in found if PICTURES.fullmatch(member.name)][:_MOST_PICTURES]:
        _note_picture(view, member)
    office_remarks.note_remarks(view, by_name, main)
    body = _part(view, by_name, main) if ending in _TEXTS else b""
    text = _TAGS.sub(b"", _PARAGRAPH_ENDS.sub(b"\n", body))
    if text:
        note_secrets(view, text, "txt", place="text")
        note_contacts(view, text, place="text")
    return True


def _related(view: View, by_name: dict[str, zips.Member]) -> str:
    """The main part where it has another name than is usual, as Word on the web gives it: ``word/document2.xml``."""
    for relation in _RELATION.findall(_part(view, by_name, "_rels/.rels")):
        target = _TARGET.search(relation)
        if target and _TO_MAIN.search(relation):
            return target[1].decode("utf-8", "replace")
    return ""


def _note_picture(view: View, member: zips.Member) -> None:
    inner = View.of_bytes(zips.content(view, member, _START_OF_PICTURE))
    (pictures.read_jpeg if sniff(inner.head) == "jpeg" else pictures.read_png)(inner)
    for fact in inner.facts:
        if fact.kind in _OF_PICTURES:
            view.note(fact.kind, fact.detail, f"{fact.place} of {member.name.rpartition('/')[2]}")


def _part(view: View, by_name: dict[str, zips.Member], name: str) -> bytes:
    member = by_name.get(name)
    return zips.content(view, member, LARGEST) if member else b""
