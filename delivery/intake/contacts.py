"""Ways to reach the seller, found in names, metadata and text: addresses, numbers, handles, spelled-out forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contact:
    kind: str
    """``an email address``, ``a phone number`` or ``a messenger name``."""
    text: str
    start: int = 0


_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}(?![a-z0-9@])", re.IGNORECASE)
_SPELLED = re.compile(
    r"(?<![\w.])[a-z0-9][a-z0-9._%+-]{1,40}\s{0,3}(?:\(at\)|\[at\]|\{at\}|\sat\s|_at_)\s{0,3}[a-z0-9-]{2,40}\s{0,3}"
    r"(?:\(dot\)|\[dot\]|\{dot\}|\sdot\s|_dot_)\s{0,3}[a-z]{2,6}\b"
    r"|(?<![\w.])[a-z0-9][a-z0-9._%+-]{1,40}\s{0,3}(?:\(at\)|\[at\]|\{at\}|\sat\s|_at_)\s{0,3}"
    r"(?:gmail|googlemail|yahoo|hotmail|outlook|icloud|proton(?:mail)?|gmx|aol|mail)\s{0,3}\.\s{0,3}[a-z]{2,4}\b",
    re.IGNORECASE,
)
_MESSENGER = re.compile(
    r"\b(?:wa\.me|t\.me|telegram\.me|api\.whatsapp\.com|join\.skype\.com|discord\.gg|signal\.me)/[\w+@./?=-]{2,60}"
    r"|\b(?:whats ?app|telegram|skype|discord|wechat|viber)\s{0,3}(?:id|no|number|nr|me|name)?\s{0,3}(?::|=|@)"
    r"\s{0,3}[+@]?[\w.#-]{4,40}",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.+-])\+[1-9]\d{0,2}[ ().-]{0,2}(?:\d[ ().-]{0,2}){6,11}\d(?!\w)")
_PHONE_NAMED = re.compile(
    r"(?:\b|_)(?:tel|phone|call|mobile|cell|whats ?app|fon|tlf)[ ._:-]{0,3}\+?(?:\d[ ()._-]{0,2}){6,13}\d(?!\d)",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(
    r"\b(?:(?:contact|e-?mail|reach|write|mail|message|text|call|ping|dm|hire|add)\s+(?:to\s+)?(?:me|us)\b"
    r"|my\s+(?:e-?mail|mail|number|phone|skype|telegram|whats ?app|discord|cell|mobile))",
    re.IGNORECASE,
)
_NOT_A_HOST = frozenset({
    "png", "jpg", "jpeg", "gif", "svg", "webp", "pdf", "css", "js", "ts", "html", "zip", "mp4", "mov", "mp3", "wav",
    "psd", "json", "map", "txt", "md", "csv", "docx", "xlsx",
})  # fmt: skip
_NOBODY = re.compile(
    r"(?:^|[._-])no-?reply@|@(?:[\w-]+\.)*(?:example|test|invalid|localhost|domain|yourdomain|yoursite|company|sentry)\."
    r"|\.(?:example|test|invalid|local|localhost)$|@(?:email|mail|site|host)\.com$|^git@|^your|^name@|^user@|^foo@|^john\.?doe@",
    re.IGNORECASE,
)
_REACH = 80


def in_name(path: str) -> Iterator[Contact]:
    """Contact details in a path. ``icon@2x.png`` is not an address."""
    if "@" in path:
        for found in _EMAIL.finditer(path):
            if found[0].rpartition(".")[2].lower() not in _NOT_A_HOST or found[0].count(".", found[0].index("@")) > 1:
                yield Contact("an email address", found[0], found.start())
    for pattern, kind in ((_SPELLED, "an email address"), (_PHONE, "a phone number"), (_PHONE_NAMED, "a phone number")):
        for found in pattern.finditer(path):
            yield Contact(kind, found[0].strip(), found.start())


def in_text(text: str, *, only_first_person: bool = False) -> Iterator[Contact]:
    """Contact details in running text; with ``only_first_person`` only where the writer offers them as their own."""
    if "@" in text:
        for found in _EMAIL.finditer(text):
            if _NOBODY.search(found[0]) or found[0].rpartition(".")[2].lower() in _NOT_A_HOST:
                continue
            if not only_first_person or _offered(text, found.start()):
                yield Contact("an email address", found[0], found.start())
    for word, pattern, kind in _OTHERS:
        if not word.search(text):
            continue
        for found in pattern.finditer(text):
            if not only_first_person or _offered(text, found.start()):
                yield Contact(kind, found[0].strip(), found.start())


_HINTS_AT = re.compile(r"[ ([{_]at[ )\]}_]", re.IGNORECASE)
_HINTS_MESSENGER = re.compile(r"wa\.me|t\.me|whats ?app|telegram|skype|discord|wechat|viber|signal\.me", re.IGNORECASE)
_OTHERS = (
    (_HINTS_AT, _SPELLED, "an email address"),
    (_HINTS_MESSENGER, _MESSENGER, "a messenger name"),
    (re.compile(r"\+\d"), _PHONE, "a phone number"),
)


def _offered(text: str, start: int) -> bool:
    return bool(_FIRST_PERSON.search(text, max(0, start - _REACH), start + 12))
