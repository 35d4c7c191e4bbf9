"""Ways to reach the seller, found in names, metadata and text: addresses, numbers, handles, spelled-out forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    kind: str
    """``an email address``, ``a phone number``, ``a handle`` or ``a messenger link``."""
    text: str
    start: int = 0


_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}(?![a-z0-9@])", re.IGNORECASE)
_SPELLED = re.compile(
    r"\b[a-z0-9][a-z0-9._%+-]{1,63}\s*(?:\(at\)|\[at\]|\{at\}|\s+at\s+|_at_)\s*[a-z0-9-]{2,63}\s*"
    r"(?:\.|\(dot\)|\[dot\]|\{dot\}|\s+dot\s+|_dot_)\s*(?:com|net|org|io|de|co|me|dev|eu|uk|in|pk|bd|ru|fr|es|it|info|biz)\b",
    re.IGNORECASE,
)
_MESSENGER = re.compile(
    r"\b(?:wa\.me|t\.me|telegram\.me|api\.whatsapp\.com|join\.skype\.com|discord\.gg|signal\.me)/[\w+@./?=-]{2,60}"
    r"|\b(?:whats ?app|telegram|skype|discord|wechat|viber)\s*(?:id|no|number|nr|me)?\s*(?::|=|is|at|@)"
    r"\s*[+@]?[\w.#-]{4,40}",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.+-])\+\d{1,3}[ ().-]{0,2}(?:\d[ ().-]{0,2}){6,11}\d(?![\w])")
_PHONE_NAME = re.compile(
    r"(?:\b|_)(?:tel|phone|call|mobile|cell|whats ?app|fon|tlf)[ ._:-]*\+?(?:\d[ ()._-]{0,2}){6,13}\d(?!\d)",
    re.IGNORECASE,
)
_NOT_A_HOST = frozenset({
    "png", "jpg", "jpeg", "gif", "svg", "webp", "pdf", "css", "js", "ts", "html", "zip", "mp4", "mov", "mp3", "wav", "psd",
    "json", "map", "txt", "md", "csv", "docx", "xlsx",
})  # fmt: skip
_EXAMPLES = re.compile(
    r"@(?:[\w-]+\.)*(?:example\.|test\.|localhost|domain\.|email\.com|yourdomain|company\.com|site\.com|sentry\.)",
    re.IGNORECASE,
)


def in_name(path: str) -> Iterator[Contact]:
    """Contact details in a path. ``icon@2x.png`` is not an address."""
    if "@" in path:
        for found in _EMAIL.finditer(path):
            if found[0].rpartition(".")[2].lower() not in _NOT_A_HOST or found[0].count(".", found[0].index("@")) > 1:
                yield Contact("an email address", found[0], found.start())
    for pattern, kind in (
        (_SPELLED, "an email address, spelled out"),
        (_PHONE, "a phone number"),
        (_PHONE_NAME, "a phone number"),
    ):
        for found in pattern.finditer(path):
            yield Contact(kind, found[0], found.start())
