"""All rules over one case; waiving findings, and which of them block."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from delivery.checks import arrival, leaks, leftovers, opening, wrong
from delivery.checks.rule import RULES, Case, File, FileRule
from delivery.errors import UsageError
from delivery.escape import listed
from delivery.intake.observation import Observation, Observations
from delivery.model import Deliverable, FileEntry, Finding, Severity
from delivery.nearest import nearest
from delivery.options import CheckOptions
from delivery.profile import Profile

_ROOMS = (arrival, opening, wrong, leaks, leftovers)  # importing them is what registers their rules
_TOLD = 3
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def run(
    deliverable: Deliverable, observations: Observations, profile: Profile, options: CheckOptions, *, now: datetime
) -> tuple[Finding, ...]:
    """Every finding, the gravest first, then in the order of the documentation and of the files."""
    case = Case(deliverable, observations, profile, options, now)
    rank = {code: index for index, code in enumerate(RULES)}
    same: dict[str, str] = {}
    found = [
        Finding(code, RULES[code].severity, path, same.setdefault(message, message), RULES[code].hint)
        for code, path, message in _hits(case)
    ]
    found.sort(key=lambda finding: (_ORDER[finding.severity], rank[finding.code]))
    return tuple(found)


def _hits(case: Case) -> Iterator[tuple[str, str, str]]:
    """Code, path and message."""
    outside = [(rule.code, rule.each) for rule in RULES.values() if rule.each and not rule.inside]
    inside = [(rule.code, rule.each) for rule in RULES.values() if rule.each and rule.inside]
    for entry in case.deliverable.entries:
        seen = case.observations.get(entry.arcname)
        file = File(entry, seen)
        for code, each in (*outside, *inside) if seen.facts or seen.members else outside:
            for message in each(file, case):
                yield code, file.path, message
        if members := _members(seen):
            for code, each in inside:
                if message := _in_archive(members, each, case):
                    yield code, file.path, message
    for rule in RULES.values():
        if rule.whole is not None:
            for path, message in rule.whole(case):
                yield rule.code, path, message


def _members(seen: Observation) -> list[File]:
    """The files in an archive, as rules look at files."""
    return [
        File(FileEntry("", name, size, 0, media_type=media_type), Observation(facts))
        for name, size, media_type, facts in seen.inside
    ]


def _in_archive(members: Sequence[File], each: FileRule, case: Case) -> str:
    """What a rule finds in the files of an archive: one message, however many they are; empty for nothing."""
    found: dict[str, list[str]] = {}
    for member in members:
        for message in each(member, case):
            found.setdefault(message, []).append(member.path)
    told = [f"in {listed(names)}: {message}" for message, names in found.items()]
    more = [f"and {len(told) - _TOLD:,} more"] if len(told) > _TOLD else []
    return "; ".join(told[:_TOLD] + more)


def waive(findings: Iterable[Finding], allow: Sequence[str]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings that stand, and those that ``allow`` waives.

    Each item is a code, or a code, a colon and a pattern of paths: ``draft-name:sketches/*``. Raises UsageError for a
    code that does not exist.
    """
    waivers = [_waiver(item) for item in allow]
    kept: list[Finding] = []
    waived: list[Finding] = []
    for finding in findings:
        allowed = any(code == finding.code and _matches(finding.path, pattern) for code, pattern in waivers)
        (waived if allowed else kept).append(finding)
    return tuple(kept), tuple(waived)


def _waiver(item: str) -> tuple[str, str]:
    code, _, pattern = item.strip().partition(":")
    code = code.strip().lower()
    if code not in RULES:
        close = nearest(code, RULES, cutoff=0.6)  # short codes look a little like anything
        hint = f"did you mean {close[0]}? " if close else ""
        hint += "docs/checks.md lists all codes"
        raise UsageError(f"there is no finding called {code!r} to allow", hint=hint, code="unknown-finding")
    return code, pattern.strip().replace("\\", "/")  # as Windows writes it; no name of a delivery holds one


def _matches(path: str, pattern: str) -> bool:
    name = path.rpartition("/")[2]
    if not pattern or pattern in (path, name):  # which may hold brackets
        return True
    return fnmatch.fnmatchcase(path, pattern) or ("/" not in pattern and fnmatch.fnmatchcase(name, pattern))


def blocking(findings: Iterable[Finding], strict: bool) -> tuple[Finding, ...]:
    """Those that stand in the way: errors, and with ``strict`` warnings too."""
    stops = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return tuple(finding for finding in findings if finding.severity in stops)


class FindingGroup(NamedTuple):
    """Findings of one code, for showing: the first few whole, the rest counted."""

    code: str
    severity: Severity
    title: str
    hint: str
    shown: tuple[Finding, ...]
    more: int


def grouped(findings: Iterable[Finding], *, most: int = 5) -> tuple[FindingGroup, ...]:
    """Findings by code, in the order given, at most ``most`` of each shown."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    return tuple(
        FindingGroup(
            code, many[0].severity, RULES[code].title, many[0].hint, tuple(many[:most]), max(0, len(many) - most)
        )
        for code, many in by_code.items()
    )
