"""What a rule is, what it is given, and the one table that all rules register in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from delivery.intake.names import extension
from delivery.intake.observation import Observation, Observations
from delivery.model import Deliverable, FileEntry, Severity
from delivery.options import CheckOptions
from delivery.profile import Profile


class Group(StrEnum):
    """What a finding means for the delivery."""

    ARRIVE = "Would not arrive"
    OPEN = "Would not open"
    WRONG = "The wrong thing"
    LEAK = "Leaks"
    JUNK = "Junk"


class Case(NamedTuple):
    """All that rules decide from."""

    deliverable: Deliverable
    observations: Observations
    profile: Profile
    options: CheckOptions
    now: datetime


@dataclass(frozen=True, slots=True)
class File:
    """One file of the case, its name taken apart."""

    entry: FileEntry
    seen: Observation
    name: str = field(init=False)
    lowered: str = field(init=False)
    extension: str = field(init=False)

    def __post_init__(self) -> None:
        name = self.entry.arcname.rpartition("/")[2]
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "lowered", name.lower())
        object.__setattr__(self, "extension", extension(name))

    @property
    def path(self) -> str:
        return self.entry.arcname


STRIP = "--strip removes it in a copy of a JPEG, PNG, WebP, PDF or Office file, not inside an archive"
"""What helps against metadata, in a hint; other types stay as they are."""

FileRule = Callable[[File, Case], Iterator[str]]
"""Yields a message for each thing that it finds in one file."""
WholeRule = Callable[[Case], Iterator[tuple[str, str]]]
"""Yields a path (or the empty string) and a message."""


class Rule(NamedTuple):
    code: str
    severity: Severity
    group: Group
    title: str
    """What it is, as a heading."""
    why: str
    """Why it matters, for the documentation."""
    hint: str
    """What to do, shown with each finding."""
    each: FileRule | None = None
    whole: WholeRule | None = None
    inside: bool = False
    """Only asked about files that an observation exists of."""


RULES: dict[str, Rule] = {}
"""Every rule by its code, in the order of the documentation."""


def each(
    code: str, severity: Severity, group: Group, title: str, *, why: str, hint: str, inside: bool = False
) -> Callable[[FileRule], FileRule]:
    """Register a rule that looks at one file at a time; ``inside`` when it goes by observed facts alone."""

    def register(function: FileRule) -> FileRule:
        _add(Rule(code, severity, group, title, why, hint, each=function, inside=inside))
        return function

    return register


def whole(
    code: str, severity: Severity, group: Group, title: str, *, why: str, hint: str
) -> Callable[[WholeRule], WholeRule]:
    """Register a rule that looks at the whole deliverable."""

    def register(function: WholeRule) -> WholeRule:
        _add(Rule(code, severity, group, title, why, hint, whole=function))
        return function

    return register


def _add(rule: Rule) -> None:
    if rule.code in RULES:
        raise ValueError(f"two rules are called {rule.code}")
    RULES[rule.code] = rule
