"""Waiving, blocking and grouping."""

from __future__ import annotations

import re

import pytest

from delivery import checks
from delivery.errors import UsageError
from delivery.model import Finding, Severity


def finding(code: str, path: str = "a.png") -> Finding:
    rule = checks.RULES[code]
    return Finding(code, rule.severity, path, "message", rule.hint)


def test_a_code_waives_all_its_findings():
    kept, waived = checks.waive([finding("draft-name"), finding("damaged")], ["draft-name"])
    assert [item.code for item in kept] == ["damaged"]
    assert [item.code for item in waived] == ["draft-name"]


def test_a_pattern_waives_only_what_it_matches():
    findings = [finding("damaged", "sketches/a.png"), finding("damaged", "final/a.png")]
    assert [item.path for item in checks.waive(findings, ["damaged:sketches/*"])[0]] == ["final/a.png"]
    assert [item.path for item in checks.waive(findings, [r"damaged:sketches\*"])[0]] == ["final/a.png"]
    assert checks.waive(findings, ["damaged:a.png"])[0] == ()
    assert checks.waive(findings, ["damaged:final/a.png"])[1] == (findings[1],)


def test_a_name_with_brackets_is_waived_as_it_stands():
    findings = [finding("damaged", "final/a [v2].png")]
    assert checks.waive(findings, ["damaged:a [v2].png"])[0] == ()
    assert checks.waive(findings, ["damaged:final/a [v2].png"])[0] == ()
    assert checks.waive(findings, ["damaged:a v.png"])[0] == tuple(findings)


def test_an_unknown_code_is_refused_with_the_nearest_one():
    with pytest.raises(UsageError) as caught:
        checks.waive([], ["draft-nam"])
    assert "draft-name" in caught.value.hint
    with pytest.raises(UsageError, match="no finding called 'blocked'") as caught:
        checks.waive([], ["blocked"])
    assert "blocked-type" in caught.value.hint
    for strange in ("bogus", "comments", "passed"):
        with pytest.raises(UsageError) as caught:
            checks.waive([], [strange])
        assert caught.value.hint == "docs/checks.md lists all codes"


def test_errors_block_and_warnings_only_when_strict():
    findings = [finding("damaged"), finding("draft-name"), finding("left-out")]
    assert [item.code for item in checks.blocking(findings, strict=False)] == ["damaged"]
    assert [item.code for item in checks.blocking(findings, strict=True)] == ["damaged", "draft-name"]


def test_many_findings_are_grouped_and_counted():
    groups = checks.grouped([finding("damaged", f"{n}.png") for n in range(9)] + [finding("left-out")], most=4)
    assert [(group.code, len(group.shown), group.more) for group in groups] == [("damaged", 4, 5), ("left-out", 1, 0)]


def test_findings_come_gravest_first(check):
    found = check({"a_draft.png": b"", "b.txt": b"", "c.png": b""})
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    assert [order.index(item.severity) for item in found] == sorted(order.index(item.severity) for item in found)


def test_codes_are_words_with_hyphens_and_every_rule_explains_itself():
    for code, rule in checks.RULES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code)
        assert rule.title and rule.why.endswith(".") and rule.hint
        assert (rule.each is None) != (rule.whole is None)
