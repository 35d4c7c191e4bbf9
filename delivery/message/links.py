"""Links that break when copied, hide where they lead, or say what a message may not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from delivery.message.contacts import contacts_in
from delivery.message.cut import URL
from delivery.message.finding import LintFinding
from delivery.message.rules import rules
from delivery.message.words import words_in
from delivery.model import Severity
from delivery.profile import Profile

_BARE_HOST = re.compile(r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?![a-z0-9_@-]|\.[a-z0-9])")
_NAMED = re.compile(r"@[^\W\d]")
"""An address or an account; digits are mostly part of a key, and ``@2`` is a version or a place on a map."""
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PUNCTUATION = ".,;:!?)]}>'\"»”’。，！？；：）」』】،؛؟।"


def links_in(text: str, profile: Profile) -> Iterator[LintFinding]:
    """Addresses with and without a scheme."""
    for match in URL.finditer(text):
        url = match[0].rstrip(_PUNCTUATION)
        end = match.start() + len(url)
        line_start = text.rfind("\n", 0, match.start()) + 1
        line_end = text.find("\n", match.end())
        line = text[line_start : line_end if line_end >= 0 else len(text)].strip()
        if end != match.end():
            yield LintFinding(
                "link-punctuation", Severity.WARNING, end, match.end(), match[0][len(url) :],
                "a sign right behind a link is copied along and breaks it", "put the link alone on its line",
            )  # fmt: skip
        elif line != url:
            yield LintFinding(
                "link-not-alone", Severity.INFO, match.start(), end, _shortened(url),
                "a link inside a line is easily copied in part", "put the link alone on its line",
            )  # fmt: skip
        authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].lower()
        if "@" in authority:
            yield LintFinding(
                "contact", Severity.ERROR, match.start(), end, _shortened(url),
                "the link carries a name before its host", "use a link without a name in it",
            )  # fmt: skip
        if profile.marketplace:
            yield from _shown(url, match.start(), end)
        yield from _host(authority.rpartition("@")[2].partition(":")[0], match.start(), end, url, profile)
    view = without_links(text).lower()
    for match in _BARE_HOST.finditer(view):
        yield from _host(match[0], *match.span(), text[slice(*match.span())], profile)


def without_links(text: str) -> str:
    """The text with each link's characters blanked, so that no signature is read as words or digits; indexes stay."""
    return URL.sub(lambda match: "\n" * len(match[0]), text)


def _readable(path: str) -> str:
    """``path`` with its percent escapes read as UTF-8."""
    return _ESCAPES.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace"), path)


def _shown(url: str, start: int, end: int) -> Iterator[LintFinding]:
    """Held-back words and addresses in the host and the names that a link shows; not in its query, the store's."""
    host, _, path = _readable(re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0]).partition("/")
    places = (
        (host.rpartition("@")[2], "use an address, and a bucket, without it"),
        (path, "rename what the link names (the file, the bucket or its prefix) before it is uploaded"),
    )
    for text, suggestion in places:
        contacts = (found for found in contacts_in(text, text) if _NAMED.search(found.found))
        for found in (*words_in(text, text, ()), *contacts):
            if found.severity is not Severity.INFO:
                yield found._replace(
                    start=start, end=end, found=_shortened(url), message=f"the link shows {found.message}",
                    suggestion=suggestion,
                )  # fmt: skip


def _host(host: str, start: int, end: int, shown: str, profile: Profile) -> Iterator[LintFinding]:
    host = host.removeprefix("www.")
    if rules().shorteners.holds(host):
        known, code, what = rules().shorteners, "shortener", "hides where it leads"
    elif profile.marketplace and rules().personal.holds(host):
        known, code, what = rules().personal, "personal-link", "shows who you are or leads the talk elsewhere"
    else:
        return
    yield LintFinding(
        code,
        Severity.ERROR,
        start,
        end,
        _shortened(shown),
        f"{_shortened(shown)!r} {what}",
        known.suggest,
        known.source,
    )


def _shortened(url: str) -> str:
    """A link without its query, which may hold a signature."""
    return re.split(r"[?#]", url, maxsplit=1)[0][:120]
