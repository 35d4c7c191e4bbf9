"""The XML that S3 speaks: what a store answers, read; what it is asked with, written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

from delivery.storage.answers import Answer
from delivery.storage.base import RemotePart
from delivery.storage.carry import Refusal

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def document(answer: Answer) -> Element:
    """The root of an answer, names without their namespace. Raises Refusal for an error inside it, or for no XML."""
    try:
        if b"<!DOCTYPE" in answer.body:
            raise ParseError
        # Long answers begin with blanks, which keep the connection.
        root = fromstring(answer.body.strip())  # noqa: S314 (without a DOCTYPE there is nothing to expand)
    except (ParseError, LookupError, ValueError):
        raise Refusal(answer.status, "", answer.headers) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag == "Error":
        raise Refusal.of(answer.status, answer.headers, answer.body)
    return root


def told(element: Element, name: str) -> str:
    """The text of the child ``name``. Raises Refusal where there is none."""
    text = element.findtext(name)
    if text is None:
        raise Refusal(200, "")
    return text


def number(element: Element, name: str) -> int:
    text = told(element, name)
    if not (text.isascii() and text.isdecimal()):
        raise Refusal(200, "")
    return int(text)


def moment(element: Element, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(told(element, name))
    except ValueError:
        raise Refusal(200, "") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def etag_of(element: Element) -> str:
    return told(element, "ETag").strip('"')


def key_of(element: Element, page: Element) -> str:
    """The key of a row of ``page``, which may have been asked to encode those that XML cannot carry."""
    key = told(element, "Key")
    return unquote_plus(key) if page.findtext("EncodingType") == "url" else key


def parts_document(parts: Sequence[RemotePart], checksums: Sequence[str]) -> bytes:
    """What completes an upload; ``checksums`` are in base64, one a part or none at all."""
    root = Element("CompleteMultipartUpload", xmlns=NAMESPACE)
    for place, part in enumerate(parts):
        row = SubElement(root, "Part")
        SubElement(row, "PartNumber").text = str(part.number)
        SubElement(row, "ETag").text = f'"{part.etag}"'
        if checksums:
            SubElement(row, "ChecksumCRC32").text = checksums[place]
    return bytes(tostring(root, "utf-8"))
