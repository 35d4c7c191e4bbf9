"""What in a text may get the seller flagged on a platform. Pure; the words and sources are data in ``lint.toml``."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from delivery.message import disguise, hypertext
from delivery.message.cut import URL, Measure, utf16
from delivery.model import Profile, Severity


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One place in a text that a platform may hold against the seller."""

    code: str
    severity: Severity
    start: int
    """Index into the text of the first character, and of the one after the last."""
    end: int
    found: str
    message: str
    suggestion: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Word:
    """``pattern`` is only made and tried where ``needle``, which every match holds, is in the text at all."""

    needle: str
    expression: str

    @property
    def pattern(self) -> re.Pattern[str]:
        return _pattern(self.expression)


@dataclass(frozen=True, slots=True)
class _Group:
    code: str
    title: str
    severity: Severity
    suggest: str
    source: str
    everywhere: bool
    words: tuple[_Word, ...]


@dataclass(frozen=True, slots=True)
class _Hosts:
    hosts: frozenset[str]
    suggest: str
    source: str

    def holds(self, host: str) -> bool:
        return host in self.hosts or any(host.endswith("." + known) for known in self.hosts)


@dataclass(frozen=True, slots=True)
class _Rules:
    groups: tuple[_Group, ...]
    shorteners: _Hosts
    personal: _Hosts
    counts: Mapping[str, str]


_LATIN = "[a-z0-9\u00df-\u024f]"
_ADDRESS = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]*\s?@\s?[a-z0-9-]+(?:\s?\.\s?[a-z0-9-]+)*\.?[a-z]{2,}")
_SPELT_ADDRESS = re.compile(
    r"(?<![\w.+-])[a-z0-9][\w.+-]*\s*[\[({<]?\s*\bat\b\s*[\])}>]?\s*[a-z0-9-]+\s*[\[({<]?\s*\b(?:dot|d0t|point)\b\s*[\])}>]?\s*"
    r"(?:com|net|org|io|co|me|info|de|fr|es|in|id|uk|pk)\b"
)
_HANDLE = re.compile(r"(?<![\w@.])@[a-z0-9_.]{3,}")
_DIGITS = re.compile(r"[+(]?\d(?:[ \t().\-/]{0,3}\d){6,}")
_NUMBER_WORDS = re.compile(
    r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)[\s,.\-]+){6,}"
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b"
)
_DATE = re.compile(
    r"(?:19|20)\d\d([-. /]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:[-. ]?\d{1,6})?"
    r"|(?:0?[1-9]|[12]\d|3[01])([-. /])(?:0?[1-9]|1[0-2])\2(?:19|20)\d\d"
)
_BARE_HOST = re.compile(r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?=[/\s]|$)")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PUNCTUATION = ".,;:!?)]}>'\"»”’。，！？；：）」』】،؛؟।"
_JOINERS = frozenset("\u200c\u200d\ufe0f\ufe0e")
_ISOLATES = frozenset("\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""What right-to-left text is written with; anywhere else it is a trick."""


def lint(text: str, profile: Profile, *, held: tuple[str, ...] = ()) -> tuple[LintFinding, ...]:
    """Everything in ``text`` that ``profile`` may hold back, in the order of the text. ``held``: words of your own.

    For a platform that renders HTML, ``text`` is judged by what its reader sees and where its links lead; only its
    length is that of the whole.
    """
    if profile.markup != "html":
        return _lint(text, profile, held)
    view = hypertext.seen(text)
    found = [
        replace(item, start=start, end=end)
        for item in _lint(view.text, replace(profile, message_chars=None), held)
        for start, end in [view.span(item.start, item.end)]
    ]
    return (*found, *_length(text, profile))


def _lint(text: str, profile: Profile, held: tuple[str, ...]) -> tuple[LintFinding, ...]:
    found = [*_hidden(text), *_links(text, profile), *_length(text, profile)]
    view = _without_links(text)
    if profile.marketplace:
        found += [*_words(view, text, held), *_contacts(view, text)]
    else:
        found += _words(view, text, held, everywhere=True)
    return tuple(sorted(_outermost(found), key=lambda finding: (finding.start, finding.end)))


def lint_name(name: str, profile: Profile) -> tuple[LintFinding, ...]:
    """The same for one file name, order label or key, which has no length of its own."""
    return tuple(finding for finding in _lint(name, profile, ()) if finding.code != "too-long")


def held_words(name: str, profile: Profile) -> tuple[LintFinding, ...]:
    """Only the words of ``name`` that ``profile`` may hold back; quick enough for 100,000 names."""
    if not profile.marketplace:
        return ()
    return tuple(finding for finding in _words(name, name, ()) if finding.severity is not Severity.INFO)


def warnings(texts: Iterable[str], profile: Profile) -> tuple[str, ...]:
    """What to tell the seller of composed texts that do not pass, as own templates may not."""
    return tuple(
        f"message {number}: {finding.message}; {finding.suggestion}"
        for number, text in enumerate(texts, start=1)
        for finding in lint(text, profile)
    )


def measure_for(profile: Profile) -> Measure:
    """How the platform counts the length of a message."""
    counts = rules().counts
    if counts.get(profile.name, counts["default"]) == "utf-8":
        return lambda text: len(text.encode("utf-8", "surrogatepass"))
    return utf16


@cache
def rules() -> _Rules:
    data = tomllib.loads((files("delivery.message") / "lint.toml").read_text(encoding="utf-8"))
    groups = tuple(
        _Group(
            code=item["code"],
            title=item["title"],
            severity=Severity(item["severity"]),
            suggest=item["suggest"],
            source=item["source"],
            everywhere=item.get("everywhere", False),
            words=_compiled(word for words in item["words"].values() for word in words),
        )
        for item in data["group"]
    )
    return _Rules(groups, _hosts(data["shorteners"]), _hosts(data["personal_hosts"]), data["counts"])


def _hosts(data: Mapping[str, Any]) -> _Hosts:
    return _Hosts(frozenset(data["hosts"]), data["suggest"], data["source"])


@cache
def _own_words(words: tuple[str, ...]) -> tuple[_Word, ...]:
    return _compiled(words)


def _compiled(words: Iterable[str]) -> tuple[_Word, ...]:
    listed = {word for word in words if disguise.plain(word.removesuffix("*")).text.strip()}
    return tuple(_word(word) for word in sorted(listed, key=lambda word: (-len(word), word)))


def _word(word: str) -> _Word:
    """A regular expression over the plain view of a text; see lint.toml for what a space and a star mean."""
    stem = disguise.plain(word.removesuffix("*")).text
    pieces = stem.split() or [stem]
    return _Word(max(pieces, key=len), _expression(pieces, word.endswith("*")))


@cache
def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


def _expression(pieces: Sequence[str], any_ending: bool) -> str:
    stem = "".join(pieces)
    body = r"[\s._\-]*".join(map(re.escape, pieces))
    ending = r"\w*" if any_ending else ""
    if any("\u4e00" <= char <= "\u9fff" for char in stem):
        return body
    before = "(?:و|ف)?(?:ال|بال|لل|ب|ل|ک)?" if "\u0600" <= stem[0] <= "\u06ff" else ""
    # A Latin word ends where another script begins, as in 我的WhatsApp号; Devanagari vowel signs are not in \w.
    letter = _LATIN if stem[0].isascii() else r"(?:[^\W_]|[\u0900-\u0963])"
    return rf"(?<!{letter}){before}{body}{ending}(?!{letter})"


def _words(view: str, text: str, held: tuple[str, ...], *, everywhere: bool = False) -> Iterator[LintFinding]:
    groups = [group for group in rules().groups if group.everywhere or not everywhere]
    if held:
        groups.append(
            _Group("own-word", "is on your own list", Severity.WARNING, "say it otherwise", "", True, _own_words(held))
        )
    seen: set[tuple[str, int, int]] = set()
    for plain in disguise.views(view):
        if plain.text.isascii() and not held and _beginnings().isdisjoint(_threes(plain.text)):
            continue
        for group in groups:
            for word in group.words:
                if word.needle not in plain.text:
                    continue
                for match in word.pattern.finditer(plain.text):
                    start, end = plain.span(match.start(), match.end())
                    if (group.code, start, end) not in seen:
                        seen.add((group.code, start, end))
                        yield _named(group, text, start, end)


def _threes(text: str) -> Iterator[str]:
    return (text[at : at + 3] for at in range(len(text) - 2))


@cache
def _beginnings() -> frozenset[str]:
    """The first three letters of every ASCII needle: most file names have none of them, and are done with."""
    words = (word for group in rules().groups for word in group.words)
    return frozenset(word.needle[:3] for word in words if word.needle.isascii())


def _named(group: _Group, text: str, start: int, end: int) -> LintFinding:
    word = text[start:end]
    what = f"{word!r} {group.title}"
    return LintFinding(group.code, group.severity, start, end, word, what, group.suggest, group.source)


def _contacts(view: str, text: str) -> Iterator[LintFinding]:
    plain = disguise.plain(view)

    def finding(code: str, start: int, end: int, what: str, suggestion: str) -> LintFinding:
        first, last = plain.span(start, end)
        shown = text[first:last]
        return LintFinding(code, Severity.ERROR, first, last, shown, f"{shown!r} {what}", suggestion)

    for pattern in (_ADDRESS, _SPELT_ADDRESS):
        for match in pattern.finditer(plain.text):
            yield finding(
                "contact",
                *match.span(),
                "looks like an address to write to",
                "leave it out; write “just message me here”",
            )
    for match in _HANDLE.finditer(plain.text):
        yield finding("contact", *match.span(), "looks like an account name elsewhere", "leave it out")
    for match in _DIGITS.finditer(plain.text):
        if _dialled(match[0]):
            yield finding(
                "phone-digits", *match.span(), "looks like a phone number", "break it up with words, or leave it out"
            )
    for match in _NUMBER_WORDS.finditer(plain.text):
        yield finding("phone-digits", *match.span(), "looks like a phone number in words", "leave it out")


def _dialled(run: str) -> bool:
    """Whether digits with spaces and dashes between them read as a phone number, not as a date or a row of values."""
    digits = sum(char.isdigit() for char in run)
    groups = re.findall(r"\d+", run)
    if _DATE.fullmatch(run.strip()):
        return False
    if len(groups) == 1:
        return digits >= 8
    known_form = run[0] in "+0(" or re.search(r"\d{3}[\s.-]\d{4}$", run) or all(len(group) == 1 for group in groups)
    return digits >= (7 if known_form else 10)


def _links(text: str, profile: Profile) -> Iterator[LintFinding]:
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
    view = _without_links(text).lower()
    for match in _BARE_HOST.finditer(view):
        yield from _host(match[0], *match.span(), text[slice(*match.span())], profile)


def _readable(path: str) -> str:
    """``path`` with its percent escapes read as UTF-8."""
    return _ESCAPES.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace"), path)


def _path(url: str, start: int, end: int) -> Iterator[LintFinding]:
    """Held-back words in the names that a link shows; not in its query, which is the store's."""
    path = _readable(re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0].partition("/")[2])
    for found in _words(path, path, ()):
        if found.severity is not Severity.INFO:
            yield replace(
                found, start=start, end=end, found=_shortened(url), message=f"the link shows {found.message}",
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


def _hidden(text: str) -> Iterator[LintFinding]:
    if text.isascii() and text.isprintable():
        return
    rtl = any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)
    for index, char in enumerate(text):
        if char in _ISOLATES and rtl:
            continue
        category = unicodedata.category(char)
        joins = char in _JOINERS and index > 0 and not text[index - 1].isascii()
        if (category in {"Cf", "Co", "Cs"} and not joins) or (category == "Cc" and char not in "\n\t"):
            yield LintFinding(
                "invisible-character", Severity.WARNING, index, index + 1, f"U+{ord(char):04X}",
                f"an invisible character (U+{ord(char):04X}) can be taken for a trick",
                "delete it and type the word again",
            )  # fmt: skip
    for start, end in disguise.mixed_words(text):
        yield LintFinding(
            "lookalike", Severity.WARNING, start, end, text[start:end],
            f"{text[start:end]!r} mixes letters of several alphabets that look alike",
                "type the word again in one alphabet",
        )  # fmt: skip


def _length(text: str, profile: Profile) -> Iterator[LintFinding]:
    limit = profile.message_chars
    length = measure_for(profile)(text)
    if limit is not None and length > limit:
        yield LintFinding(
            "too-long", Severity.ERROR, min(limit, len(text)), len(text), "",
            f"{length:,} characters; {profile.title or profile.name} takes {limit:,}", "send it as two messages",
        )  # fmt: skip


def _without_links(text: str) -> str:
    """The text with each link's characters blanked, so that no signature is read as words or digits; indexes stay."""
    return URL.sub(lambda match: "\n" * len(match[0]), text)


def _outermost(found: Iterable[LintFinding]) -> Iterator[LintFinding]:
    """Each finding that is not inside another one of its code."""
    reached: dict[str, int] = {}
    for one in sorted(found, key=lambda finding: (finding.start, -finding.end)):
        if one.end > reached.get(one.code, -1):
            reached[one.code] = one.end
            yield one
