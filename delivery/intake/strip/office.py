"""Office documents: the fields of their properties are emptied, their photos cleaned; all else is copied as it is."""

from __future__ import annotations

import io
import re
import zipfile
from contextlib import suppress

from delivery.intake.codecs import DECODE_ERRORS
from delivery.intake.readers.formats import sniff
from delivery.intake.readers.office import PICTURES
from delivery.intake.strip import pictures
from delivery.intake.strip.pieces import CannotStrip

_LARGEST_UNPACKED = 1024**3
_BLOCK = 1024**2
_FIELDS: dict[str, tuple[tuple[str, bytes], ...]] = {
    "docProps/core.xml": (
        ("author", b"dc:creator"), ("last editor", b"cp:lastModifiedBy"), ("keywords", b"cp:keywords"),
        ("description", b"dc:description"), ("category", b"cp:category"),
    ),
    "docProps/app.xml": (
        ("company", b"Company"), ("manager", b"Manager"), ("template", b"Template"), ("base", b"HyperlinkBase"),
    ),
    "meta.xml": (
        ("author", b"meta:initial-creator"), ("last editor", b"dc:creator"), ("printed by", b"meta:printed-by"),
        ("keywords", b"meta:keyword"), ("description", b"dc:description"), ("own fields", b"meta:user-defined"),
    ),
}  # fmt: skip
_PATHS: dict[str, tuple[str, re.Pattern[bytes]]] = {
    "xl/workbook.xml": ("folder", re.compile(rb"(<x15ac:absPath\s[^>]*?\burl=\")[^\"]+")),
    "word/_rels/settings.xml.rels": (
        "template's folder",
        re.compile(rb"(<Relationship\s(?=[^>]*/attachedTemplate\")[^>]*?\bTarget=\")[^\">]*[\\/]"),
    ),
}
"""Where a document lay, and the template that it was made from: emptied, and cut down to its name."""
_CUSTOM = re.compile(rb"<property\b.*</property>", re.DOTALL)


def clean(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The same members in the same order; only the parts that hold properties differ."""
    what: list[str] = []
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
            members = source.infolist()
            if sum(member.file_size for member in members) > _LARGEST_UNPACKED:
                raise CannotStrip("it would unpack to more than 1 GiB")
            if any("_xmlsignatures" in member.filename for member in members):
                raise CannotStrip("it is signed, and cleaning would break the signature")
            for member in members:
                _copy(source, target, member, what)
    except DECODE_ERRORS as error:
        raise CannotStrip(f"it is damaged or protected ({type(error).__name__})") from error
    return (out.getvalue(), tuple(dict.fromkeys(what))) if what else (data, ())


def _copy(source: zipfile.ZipFile, target: zipfile.ZipFile, member: zipfile.ZipInfo, what: list[str]) -> None:
    info = zipfile.ZipInfo(member.filename, member.date_time)
    info.compress_type, info.external_attr = member.compress_type, member.external_attr
    if member.filename in _FIELDS or member.filename in _PATHS or member.filename == "docProps/custom.xml":
        target.writestr(info, _emptied(member.filename, source.read(member), what))
        return
    if PICTURES.fullmatch(member.filename):
        target.writestr(info, _picture(source.read(member), what))
        return
    info.file_size = member.file_size
    with source.open(member) as reader, target.open(info, "w") as writer:
        while block := reader.read(_BLOCK):
            writer.write(block)


def _picture(data: bytes, what: list[str]) -> bytes:
    """One that cannot be cleaned stays: the document opens with it."""
    cleaner = {"jpeg": pictures.jpeg, "png": pictures.png}.get(sniff(data[:64]))
    with suppress(CannotStrip):
        if cleaner is not None:
            data, removed = cleaner(data)
            what += [f"{item} of its pictures" for item in removed]
    return data


def _emptied(name: str, part: bytes, what: list[str]) -> bytes:
    if name == "docProps/custom.xml":
        cleaned = _CUSTOM.sub(b"", part)
        if cleaned != part:
            what.append("own fields")
        return cleaned
    if name in _PATHS:
        field, path = _PATHS[name]
        part, count = path.subn(rb"\1", part)
        what += [field] * bool(count)
    for field, tag in _FIELDS.get(name, ()):
        pattern = re.compile(rb"(<%s(?:\s[^>]*)?>)([^<]+)(</%s>)" % (tag, tag))
        part, count = pattern.subn(rb"\1\3", part)
        if count:
            what.append(field)
    return part
