"""Plain text told at a glance: libmagic takes a millisecond over each, and calls CSV or Python mere text."""

from __future__ import annotations

import codecs
import re

_TYPES = {
    "text/plain": "bat c cc cfg conf cpp cs go h hpp ini java kt lock log lua php ps1 rb rs sh sql srt swift tex ts "
    "tsx txt vtt vue",
    "text/css": "css less scss",
    "text/csv": "csv",
    "text/javascript": "cjs js jsx mjs",
    "text/markdown": "markdown md",
    "text/tab-separated-values": "tsv",
    "text/x-python": "py pyi",
    "application/json": "geojson ipynb json map webmanifest",
    "application/toml": "toml",
    "application/yaml": "yaml yml",
}
_BY_EXTENSION = {extension: kind for kind, extensions in _TYPES.items() for extension in extensions.split()}
_NOT_TEXT = bytes(set(range(32)) - set(b"\t\n\r\f\x1b")) + b"\x7f"
_NAMED = re.compile(rb"\s*(?:<|%!|%PDF|\{\\rtf|BEGIN:|From |MIME-Version:|Return-Path:|Received:)")
"""Text that says of itself that it is something else: a page, a drawing, a document, a mail, a card."""


def is_binary(head: bytes) -> bool:
    """Whether a file that begins with ``head`` holds bytes that no text has."""
    return b"\0" in head or len(head.translate(None, _NOT_TEXT)) != len(head)


def plain_text_type(name: str, head: bytes) -> str | None:
    """The media type of a file called ``name`` that begins with ``head``, or None where it takes a closer look."""
    kind = _BY_EXTENSION.get(name.rpartition(".")[2].lower())
    if kind is None or _NAMED.match(head) or is_binary(head):
        return None
    if kind == "application/json" and head.lstrip()[:1] not in (b"{", b"["):
        return None
    if not head.isascii():
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            return None
    return kind


def closer_text_type(name: str, head: bytes) -> str:
    """What ``text/plain`` is more closely: a drawing without a declaration, a table in an older encoding."""
    if head[:1024].lstrip().startswith(b"<") and b"<svg" in head[:1024]:
        return "image/svg+xml"
    ending = name.rpartition(".")[2].lower()
    return _BY_EXTENSION[ending] if ending in ("csv", "tsv") else "text/plain"
