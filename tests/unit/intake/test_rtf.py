"""People in RTF, as Word, TextEdit and LibreOffice write their names."""

from __future__ import annotations

import pytest
from support.leaky import rtf

from delivery.intake.look import look
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers.view import View


def noted(data: bytes) -> list[Fact]:
    view = View.of_bytes(data, name="work.rtf")
    look(view)
    return view.facts


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (rb"{\author Jane Roe}", "Jane Roe"),
        (b"{\\author\r\nJane\r\n Roe}", "Jane Roe"),
        (rb"{\author J\'f6rg M\'fcller}", "Jörg Müller"),
        (rb"{\author J\u246\'f6rg \u1071?}", "Jörg Я"),
        (rb"{\author \uc0\u1071 na \u-10179 \u-8704 }", "Яna 😀"),
        (rb"{\author {\rtlch\fcs1 \af0 Jane Roe}}", "Jane Roe"),
        (rb"{\author Jane \{Roe\} \\ Co}", r"Jane {Roe} \ Co"),
    ],
)
def test_names_are_read_with_their_escapes(code: bytes, name: str) -> None:
    assert noted(rtf(code)) == [Fact(Seen.PERSON, name, "RTF author")]


def test_the_code_page_of_the_document_counts_and_an_unknown_one_is_no_trouble() -> None:
    data = rtf(rb"{\author \'df\'ed\'e0}")
    assert noted(data.replace(b"ansicpg1252", b"ansicpg1251"))[0].detail == "Яна"
    assert noted(data.replace(b"ansicpg1252", b"ansicpg9"))[0].detail == "ßíà"


def test_a_name_behind_the_styles_of_a_long_document_is_found() -> None:
    """Word writes every style that it knows before it says who wrote."""
    styles = b"{\\stylesheet" + b"{\\s1 Normal;}" * 8000 + b"}"
    data = rtf(rb"{\author Jane Roe}{\operator Max Roe}{\*\company Roe Ltd}").replace(
        b"{\\stylesheet{Normal;}}", styles
    )
    assert [(fact.detail, fact.place) for fact in noted(data)] == [
        ("Jane Roe", "RTF author"), ("Max Roe", "RTF operator"), ("Roe Ltd", "RTF company"),
    ]  # fmt: skip


def test_info_that_is_cut_off_anywhere_is_no_trouble() -> None:
    data = rtf(rb"{\author J\u246\'f6rg}")
    for size in range(1, len(data)):
        noted(data[:size])
