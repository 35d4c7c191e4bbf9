"""Links that break when copied, hide where they lead, or say what a message may not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from delivery.message.cut import URL
from delivery.message.finding import LintFinding
from delivery.message.rules import rules
from delivery.message.words import words_in
from delivery.model import Severity
from delivery.profile import Profile

_BARE_HOST = re.compile(r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?![a-z0-9_@-]|\.[a-z0-9])")
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
            yield from _path(url, match.start(), end)
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


def _path(url: str, start: int, end: int) -> Iterator[LintFinding]:
    """Held-back words in the names that a link shows; not in its query, which is the store's."""
    path = _readable(re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0].partition("/")[2])
    for found in words_in(path, path, ()):
        if found.severity is not Severity.INFO:
            yield found._replace(
                start=start, end=end, found=_shortened(url), message=f"the link shows {found.message}",
                suggestion="rename the file before it is uploaded",
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
