"""The XML that S3 speaks: what a store answers, read; what it is asked with, written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

from delivery.storage.answers import Answer, bare_etag, moment_of, whole_number
from delivery.storage.base import RemotePart
from delivery.storage.carry import NOT_S3, PAGE, Refusal

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_OTHERS = frozenset({"html", "listallmybucketsresult"})
"""A page, and the answer of a server that does not know the bucket by its host name."""


def document(answer: Answer) -> Element:
    """The root of an answer, names without their namespace. Raises Refusal for an error inside it, or for no XML.

    What it is called is not held against a store: the names of most documents differ from one to the next.
    """
    if PAGE.match(answer.body) or b"<!DOCTYPE" in answer.body:
        raise Refusal(answer.status, NOT_S3, answer.headers)
    try:
        # Long answers begin with blanks, which keep the connection.
        root = fromstring(answer.body.strip())  # noqa: S314 (without a DOCTYPE there is nothing to expand)
    except (ParseError, LookupError, ValueError):
        raise Refusal(answer.status, "", answer.headers) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag == "Error":
        raise Refusal.of(answer.status, answer.headers, answer.body)
    if root.tag.lower() in _OTHERS:
        raise Refusal(answer.status, NOT_S3, answer.headers)
    return root


def told(element: Element, name: str) -> str:
    """The text of the child ``name``. Raises Refusal where there is none."""
    text = element.findtext(name)
    if text is None:
        raise Refusal(200, "")
    return text


def number(element: Element, name: str) -> int:
    value = whole_number(told(element, name).strip())
    if value is None:
        raise Refusal(200, "")
    return value


def moment(element: Element, name: str) -> datetime:
    at = moment_of(told(element, name).strip())
    if at is None:
        raise Refusal(200, "")
    return at


def age_of(headers: Mapping[str, str]) -> timedelta | None:
    """How long ago an object was stored, by the store's own clock; None where its answer does not say."""
    try:
        return parsedate_to_datetime(headers["date"]) - parsedate_to_datetime(headers["last-modified"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def etag_of(element: Element) -> str:
    return bare_etag(told(element, "ETag"))


def key_of(element: Element, page: Element) -> str:
    """The key of a row of ``page``, which may have been asked to encode those that XML cannot carry."""
    key = told(element, "Key")
    return unquote_plus(key) if page.findtext("EncodingType") == "url" else key


def parts_document(parts: Sequence[RemotePart], checksums: Sequence[str]) -> bytes:
    """What completes an upload; ``checksums`` are in base64, one a part or none at all."""
    root = Element("CompleteMultipartUpload", xmlns=_NAMESPACE)
    for place, part in enumerate(parts):
        row = SubElement(root, "Part")
        SubElement(row, "PartNumber").text = str(part.number)
        SubElement(row, "ETag").text = f'"{part.etag}"'
        if checksums:
            SubElement(row, "ChecksumCRC32").text = checksums[place]
    return bytes(tostring(root, "utf-8"))
