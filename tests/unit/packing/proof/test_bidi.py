"""Right-to-left text where the drawing library knows nothing of it."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.packing import proof
from delivery.packing.proof import bidi, lettering


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("abc 12 (x)", "abc 12 (x)"),
        ("אבג", "גבא"),
        ("אבג 12.txt", "txt.12 גבא"),
        ("אבג (2026).pdf", "pdf.(2026) גבא"),
        ("final אבג v2", "final גבא v2"),
        ("", ""),
    ],
)
def test_the_order_is_that_of_the_bidirectional_algorithm(text: str, seen: str) -> None:
    assert bidi.visual(text) == seen


def names(text: str) -> list[str]:
    return [unicodedata.name(char).replace("ARABIC LETTER ", "").replace("ARABIC LIGATURE ", "") for char in text]


def test_letters_join_as_they_are_written() -> None:
    assert names(bidi.visual("تصميم")) == [
        "MEEM FINAL FORM",
        "YEH MEDIAL FORM",
        "MEEM MEDIAL FORM",
        "SAD MEDIAL FORM",
        "TEH INITIAL FORM",
    ]
    assert names(bidi.visual("دار")) == ["REH ISOLATED FORM", "ALEF ISOLATED FORM", "DAL ISOLATED FORM"]
    assert names(bidi.visual("لا")) == ["LAM WITH ALEF ISOLATED FORM"]
    assert names(bidi.visual("سلام")) == ["MEEM ISOLATED FORM", "LAM WITH ALEF FINAL FORM", "SEEN INITIAL FORM"]


def test_marks_stay_with_their_letters() -> None:
    assert bidi.visual("בָּג") == "גבָּ"


def test_a_sheet_needs_no_help_of_the_system_for_arabic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not lettering.drawable("إثبات"):
        pytest.skip("no font with Arabic letters is installed")
    monkeypatch.setattr(lettering, "_shapes", lambda: False)
    lettering._font.cache_clear()
    made = proof.write(tmp_path, name="تصميم", files=[], when=datetime(2026, 1, 1, tzinfo=UTC), language="ar")
    lettering._font.cache_clear()
    assert b"/Lang (ar)" in made.read_bytes()
