"""Ways to reach the seller, found in names, metadata and text: addresses, numbers, handles, spelled-out forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Contact(NamedTuple):
    kind: str
    """``an email address``, ``a phone number``, ``a messenger name`` or ``an account name``."""
    text: str
    start: int = 0


_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}(?![a-z0-9@])", re.IGNORECASE)
_SPELLED = re.compile(
    r"(?<![\w.])[a-z0-9][a-z0-9._%+-]{1,40}\s{0,3}(?:\(at\)|\[at\]|\{at\}|_at_)\s{0,3}[a-z0-9-]{2,40}\s{0,3}"
    r"(?:\.|\(dot\)|\[dot\]|\{dot\}|\sdot\s|_dot_)\s{0,3}[a-z]{2,6}\b"
    r"|(?<![\w.])[a-z0-9][a-z0-9._%+-]{1,40}\s{1,3}at\s{1,3}[a-z0-9-]{2,40}\s{1,3}dot\s{1,3}(?:com|net|org|io|co|de|eu|dev|info|biz)\b"
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
_NETWORK = r"(?:instagram|insta|ig|tiktok|twitter|snapchat|facebook|fb|telegram|threads)"
_ACCOUNT = re.compile(
    rf"\b{_NETWORK}(?:\s+(?:is|as|at))?\s{{0,3}}[:=]?\s{{0,3}}@[\w.]{{3,30}}"
    rf"|(?<![\w@./-])@[a-z][\w.]{{2,30}}\s{{1,3}}(?:on|at)\s{{1,3}}{_NETWORK}\b"
    rf"|\b(?:follow|find|add|dm|message|reach|contact)\s+(?:me|us)[\s:,]{{1,3}}(?:(?:on|at)\s+(?:{_NETWORK}\s+)?)?@[a-z][\w.]{{2,30}}",
    re.IGNORECASE,
)
_ACCOUNT_NAMED = re.compile(r"(?<![^/ _-])@[a-z]\w{2,30}(?=[^/]*$)", re.IGNORECASE)
"""In a file's own name: folders are called so too, ``@types``. ``logo @2x.png`` is no account."""
_PHONE = re.compile(r"(?<![\w.+-])\+[1-9]\d{0,2}[ ().-]{0,2}(?:\d[ ().-]{0,2}){6,11}\d(?!\w)")
_PHONE_NAMED = re.compile(
    r"(?:\b|_)(?:tel|phone|call|mobile|cell|whats ?app|fon|tlf)[ ._:-]{0,3}"
    r"(?!(?:19|20)\d\d[ ._-]?(?:0[1-9]|1[0-2])[ ._-]?(?:0[1-9]|[12]\d|3[01])(?!\d))"  # a day is none
    r"\+?(?:\d[ ()._-]{0,2}){6,13}\d(?!\d)",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(
    r"\b(?:(?:contact|e-?mail|reach|write|mail|message|text|call|ping|dm|hire|add)\s+(?:to\s+)?(?:me|us)\b"
    r"|my\s+(?:e-?mail|mail|number|phone|skype|telegram|whats ?app|discord|cell|mobile))",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:\be-?mail|\bmail|\bcontact|\breach|\bwrite|✉|📧)[\w ]{0,8}[:=>\s-]{1,4}$", re.IGNORECASE)
_FREE_MAIL = re.compile(
    r"@(?:gmail|googlemail|yahoo|ymail|hotmail|outlook|live|msn|icloud|me|aol|gmx|web|mail|yandex|proton(?:mail)?|pm|zoho|tutanota|"
    r"fastmail|hey)\.[a-z]{2,4}$",
    re.IGNORECASE,
)
_PHONE_LABEL = re.compile(r"(?:phone|tel|call|whats ?app|mobile|cell|number|contact|fon|sms)\W", re.IGNORECASE)
_NOT_A_HOST = frozenset({
    "png", "jpg", "jpeg", "gif", "svg", "webp", "pdf", "css", "js", "ts", "html", "zip", "mp4", "mov", "mp3", "wav",
    "psd", "json", "map", "txt", "md", "csv", "docx", "xlsx",
})  # fmt: skip
_NOBODY = re.compile(
    r"(?:^|[._-])no-?reply@|@(?:[\w-]+\.)*(?:example|test|invalid|localhost|domain|yourdomain|yoursite|company|sentry)\."
    r"|\.(?:example|test|invalid|local|localhost)$|@(?:email|mail|site|host)\.com$|^git@|^your|^name@|^user@|^foo@|^john\.?doe@",
    re.IGNORECASE,
)
_REACH = 100
_MOST_PLACES = 2000


def in_name(path: str) -> Iterator[Contact]:
    """Contact details in a path. ``icon@2x.png`` is not an address."""
    if "@" in path:
        for found in _EMAIL.finditer(path):
            if found[0].rpartition(".")[2].lower() not in _NOT_A_HOST or found[0].count(".", found[0].index("@")) > 1:
                yield Contact("an email address", found[0], found.start())
    for pattern, kind in _NAMED:
        for found in pattern.finditer(path):
            yield Contact(kind, found[0].strip(), found.start())


_NAMED = (
    (_SPELLED, "an email address"),
    (_PHONE, "a phone number"),
    (_PHONE_NAMED, "a phone number"),
    (_ACCOUNT_NAMED, "an account name"),
)


def in_text(data: bytes, *, only_first_person: bool = False) -> Iterator[Contact]:
    """Contact details in running text (UTF-8); with ``only_first_person`` only those offered as the writer's.

    The patterns only look around the few letters that each needs, so that long texts cost little.
    """
    lowered = data.lower()
    done: set[str] = set()
    for anchors, pattern, kind in _ANCHORED:
        for at in _places(lowered, anchors):
            start = max(0, at - _REACH)
            window = data[start : at + _REACH].decode("utf-8", "replace")
            for found in pattern.finditer(window):
                text = found[0].strip()
                if text in done or (pattern is _EMAIL and _is_nobody(text)):
                    continue
                offered = bool(_FIRST_PERSON.search(window, 0, found.start() + 12))
                if offered or (not only_first_person and _OWN.get(pattern, _always)(window, found)):
                    done.add(text)
                    yield Contact(kind, text, at)


def _places(lowered: bytes, anchors: tuple[bytes, ...]) -> Iterator[int]:
    for anchor in anchors:
        at = lowered.find(anchor)
        count = 0
        while at >= 0 and count < _MOST_PLACES:
            count += 1
            yield at
            at = lowered.find(anchor, at + len(anchor))


_MESSENGERS = (*b"wa.me/ t.me/ signal.me/ telegram whatsapp skype discord wechat viber".split(), b"whats app")
_DIGITS = tuple(b"+%d" % digit for digit in range(1, 10))
_ANCHORED = (
    ((b"@",), _EMAIL, "an email address"),
    ((b"(at)", b"[at]", b"{at}", b"_at_", b" at "), _SPELLED, "an email address"),
    (_MESSENGERS, _MESSENGER, "a messenger name"),
    ((b"@",), _ACCOUNT, "an account name"),
    (_DIGITS, _PHONE, "a phone number"),
)  # fmt: skip


def _is_nobody(address: str) -> bool:
    return bool(_NOBODY.search(address)) or address.rpartition(".")[2].lower() in _NOT_A_HOST


def _always(text: str, found: re.Match[str]) -> bool:
    return True


def _is_phone(text: str, found: re.Match[str]) -> bool:
    """Written in groups, as people do, or beside a word for it; a mere row of digits may be any number."""
    grouped = sum(char in " ().-" for char in found[0].strip()) >= 2
    return grouped or bool(_PHONE_LABEL.search(text, max(0, found.start() - 24), found.start()))


def _is_own(text: str, found: re.Match[str]) -> bool:
    """Labelled as an address to write to, or of a free mail provider; not the ``Name <address>`` of a credit."""
    if text[found.start() - 1 : found.start()] == "<" and text[found.end() : found.end() + 1] == ">":
        return False
    before = text[max(0, found.start() - 24) : found.start()]
    return bool(_FREE_MAIL.search(found[0]) or _LABEL.search(before))


_OWN = {_EMAIL: _is_own, _PHONE: _is_phone}
