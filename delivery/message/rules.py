"""The words, hosts and counts of ``lint.toml``, its words as patterns over the plain view of a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from delivery.message import disguise
from delivery.message.cut import Measure
from delivery.model import Severity
from delivery.profile import Profile
from delivery.units import utf16

_LATIN = "[a-z0-9\u00df-\u024f]"


class Word(NamedTuple):
    """``pattern`` is only made and tried where ``needle``, which every match holds, is in the text at all."""

    needle: str
    expression: str

    @property
    def pattern(self) -> re.Pattern[str]:
        return _pattern(self.expression)


class Group(NamedTuple):
    code: str
    title: str
    severity: Severity
    suggest: str
    source: str
    everywhere: bool
    words: tuple[Word, ...]


class Hosts(NamedTuple):
    hosts: frozenset[str]
    suggest: str
    source: str

    def holds(self, host: str) -> bool:
        return host in self.hosts or any(host.endswith("." + known) for known in self.hosts)


class Rules(NamedTuple):
    groups: tuple[Group, ...]
    shorteners: Hosts
    personal: Hosts
    counts: Mapping[str, str]


def measure_for(profile: Profile) -> Measure:
    """How the platform counts the length of a message."""
    counts = rules().counts
    if counts.get(profile.name, counts["default"]) == "utf-8":
        return lambda text: len(text.encode("utf-8", "surrogatepass"))
    return utf16


@cache
def rules() -> Rules:
    data = tomllib.loads((files("delivery.message") / "lint.toml").read_text(encoding="utf-8"))
    groups = tuple(
        Group(
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
    return Rules(groups, _hosts(data["shorteners"]), _hosts(data["personal_hosts"]), data["counts"])


def _hosts(data: Mapping[str, Any]) -> Hosts:
    return Hosts(frozenset(data["hosts"]), data["suggest"], data["source"])


@cache
def own_words(words: tuple[str, ...]) -> tuple[Word, ...]:
    return _compiled(words)


def _compiled(words: Iterable[str]) -> tuple[Word, ...]:
    listed = {word for word in words if disguise.plain(word.removesuffix("*")).text.strip()}
    return tuple(_word(word) for word in sorted(listed, key=lambda word: (-len(word), word)))


def _word(word: str) -> Word:
    """A regular expression over the plain view of a text; see lint.toml for what a space and a star mean."""
    stem = disguise.plain(word.removesuffix("*")).text
    pieces = stem.split() or [stem]
    return Word(max(pieces, key=len), _expression(pieces, word.endswith("*")))


@cache
def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


def _expression(pieces: Sequence[str], any_ending: bool) -> str:
    stem = "".join(pieces)
    body = r"[\s._\-]*".join(map(re.escape, pieces))
    ending = r"\w*" if any_ending else ""
    if any("\u4e00" <= char <= "\u9fff" for char in stem):
        return body
    before = "(?:و|ف)?(?:ال|بال|لل|ب|ل|ك)?" if "\u0600" <= stem[0] <= "\u06ff" else ""
    # A Latin word ends where another script begins, as in 我的WhatsApp号; Devanagari vowel signs are not in \w.
    letter = _LATIN if stem[0].isascii() else r"(?:[^\W_]|[\u0900-\u0963])"
    return rf"(?<!{letter}){before}{body}{ending}(?!{letter})"


@cache
def beginnings() -> frozenset[str]:
    """The first three letters of every ASCII needle: most file names have none of them, and are done with."""
    words = (word for group in rules().groups for word in group.words)
    return frozenset(word.needle[:3] for word in words if word.needle.isascii())
