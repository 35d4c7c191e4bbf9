"""Words that a platform may hold back, found through spacing, disguise and inflection."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.message import disguise
from delivery.message.finding import LintFinding
from delivery.message.rules import Group, beginnings, own_words, rules
from delivery.model import Severity


def words_in(view: str, text: str, held: tuple[str, ...], *, everywhere: bool = False) -> Iterator[LintFinding]:
    """``view`` is searched, ``text`` is quoted; ``everywhere``: only what is held back beyond marketplaces too."""
    groups = [group for group in rules().groups if group.everywhere or not everywhere]
    if held:
        groups.append(
            Group("own-word", "is on your own list", Severity.WARNING, "say it otherwise", "", True, own_words(held))
        )
    seen: set[tuple[str, int, int]] = set()
    for plain in disguise.views(view):
        if plain.text.isascii() and not held and beginnings().isdisjoint(_threes(plain.text)):
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


def _named(group: Group, text: str, start: int, end: int) -> LintFinding:
    word = text[start:end]
    what = f"{word!r} {group.title}"
    return LintFinding(group.code, group.severity, start, end, word, what, group.suggest, group.source)
