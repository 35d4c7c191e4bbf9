"""What in a text may get the seller flagged on a platform. Pure; the words and sources are data in ``lint.toml``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from delivery.errors import UsageError
from delivery.message import disguise, hypertext
from delivery.message.contacts import contacts_in
from delivery.message.finding import LintFinding
from delivery.message.links import links_in, without_links
from delivery.message.rules import measure_for
from delivery.message.words import words_in
from delivery.model import Severity
from delivery.profile import Profile

_JOINERS = frozenset("\u200c\u200d\ufe0f\ufe0e")
_ISOLATES = frozenset("\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""What right-to-left text is written with; anywhere else it is a trick, but for a pair around whole words."""
_ISOLATED = re.compile(r"(?<!\w)[\u2066\u2068][^\u2066-\u2069\n]+\u2069(?!\w)")
"""As a piece of a cut message may have them: ``(3 MB)`` above a link, of an Arabic message."""


def lint(text: str, profile: Profile, *, held: tuple[str, ...] = ()) -> tuple[LintFinding, ...]:
    """Everything in ``text`` that ``profile`` may hold back, in the order of the text. ``held``: words of your own.

    For a platform that renders HTML, ``text`` is judged by what its reader sees and where its links lead; only its
    length is that of the whole.
    """
    if profile.markup != "html":
        return _lint(text, profile, held)
    view = hypertext.seen(text)
    found = [
        item._replace(start=start, end=end)
        for item in _lint(view.text, replace(profile, message_chars=None), held)
        for start, end in [view.span(item.start, item.end)]
    ]
    return (*found, *_length(text, profile))


def _lint(text: str, profile: Profile, held: tuple[str, ...]) -> tuple[LintFinding, ...]:
    found = [*_hidden(text), *links_in(text, profile), *_length(text, profile)]
    view = without_links(text)
    if profile.marketplace:
        found += [*words_in(view, text, held), *contacts_in(view, text)]
    else:
        found += words_in(view, text, held, everywhere=True)
    return tuple(sorted(_outermost(found), key=lambda finding: (finding.start, finding.end)))


def lint_name(name: str, profile: Profile) -> tuple[LintFinding, ...]:
    """The same for one file name, order label or key, which has no length of its own."""
    return tuple(finding for finding in _lint(name, profile, ()) if finding.code != "too-long")


def held_words(name: str, profile: Profile) -> tuple[LintFinding, ...]:
    """Only the words of ``name`` that ``profile`` may hold back; quick enough for 100,000 names."""
    if not profile.marketplace:
        return ()
    return tuple(finding for finding in words_in(name, name, ()) if finding.severity is not Severity.INFO)


def warnings(texts: Iterable[str], profile: Profile, *, held: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What to tell the seller of composed texts that do not pass, as own templates may not."""
    return tuple(
        f"message {number}: {finding.message}; {finding.suggestion}"
        for number, text in enumerate(texts, start=1)
        for finding in lint(text, profile, held=held)
    )


def refuse_held(words: Mapping[str, str], profile: Profile, *, held: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What may be held against the seller in ``words`` that the buyer sees, by where they come from.

    Raises UsageError for a note that surely is.
    """
    told = []
    for place, text in words.items():
        for found in lint(text, profile, held=held):
            if place == "the note" and found.severity is Severity.ERROR:
                raise UsageError(f"{place}: {found.message}", hint=found.suggestion, code="held-words")
            told.append(f"{place}: {found.message}; {found.suggestion}")
    return tuple(told)


def _hidden(text: str) -> Iterator[LintFinding]:
    if text.isascii() and text.isprintable():
        return
    rtl = any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)
    paired = {place for match in _ISOLATED.finditer(text) for place in (match.start(), match.end() - 1)}
    for index, char in enumerate(text):
        if char in _ISOLATES and (rtl or index in paired):
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


def _outermost(found: Iterable[LintFinding]) -> Iterator[LintFinding]:
    """Each finding that is not inside another one of its code."""
    reached: dict[str, int] = {}
    for one in sorted(found, key=lambda finding: (finding.start, -finding.end)):
        if one.end > reached.get(one.code, -1):
            reached[one.code] = one.end
            yield one
