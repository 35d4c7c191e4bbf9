"""Credentials anywhere in a long text."""

from __future__ import annotations

import pytest
from support.leaky import token

from delivery.intake.look import look
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers import text
from delivery.intake.readers.view import View

LINE = b"2026-11-27 10:00:00 all is well\n"
KEY = token("github")


def facts(data: bytes) -> list[Fact]:
    view = View.of_bytes(data, name="server.log")
    look(view)
    return view.facts


@pytest.mark.parametrize("before", [0, 300_000, 2_500_000])
def test_a_credential_is_found_wherever_it_stands(before: int) -> None:
    lines = before // len(LINE)
    data = LINE * lines + b"key " + KEY + b"\n" + LINE * 40_000
    expected = [Fact(Seen.SECRET, "a GitHub token", f"line {lines + 1}")]
    assert facts(data) == expected
    assert facts(data.decode().encode("utf-16")) == expected  # as PowerShell writes


def test_no_edge_of_what_is_read_at_once_hides_it_or_shows_it_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_BLOCK", 4096)
    for shift in range(0, 4200, 97):
        data = LINE * 9_000 + b"x" * shift + b"\n" + KEY + b"\n" + LINE * 300
        assert facts(data) == [Fact(Seen.SECRET, "a GitHub token", "line 9002")]
        assert facts(data.replace(KEY, KEY + b"0" * 1500)) == []


def test_of_a_text_that_is_too_long_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_SEARCHED", 400_000)
    found = facts(LINE * 20_000 + KEY)
    assert [fact.kind for fact in found] == [Seen.UNSEEN]
