from __future__ import annotations

import pytest

from delivery.escape import printable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain name.txt", "plain name.txt"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("two\nlines\r", r"two\x0alines\x0d"),
        ("c1\x9b", r"c1\x9b"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("bad\udcff", r"bad\udcff"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
    ],
)
def test_what_could_trick_a_terminal_is_shown_as_an_escape(raw: str, shown: str) -> None:
    assert printable(raw) == shown


@pytest.mark.parametrize("name", ["Überraschung.pdf", "ファイル.txt", "ملف.png", "👩‍🎨 art.jpg"])
def test_letters_of_every_script_and_emoji_stay(name: str) -> None:
    assert printable(name) == name
