"""The template syntax: values, sections, and clear words for mistakes."""

from __future__ import annotations

import pytest

from delivery.errors import ConfigError
from delivery.message.template import LONGEST_TEMPLATE, Template, tidy


def written(text: str, **values) -> str:
    return Template.parse(text, "test").render(values.get)


def test_values_and_sections():
    assert written("a {x} b", x="1") == "a 1 b"
    assert written("{#x}yes {x}{/x}{^x}no{/x}", x="1") == "yes 1"
    assert written("{#x}yes{/x}{^x}no{/x}", x="") == "no"
    assert written("{#x}yes{/x}{^x}no{/x}", x=0) == "no"
    assert written("{{x}}") == "{x}"


def test_what_is_put_in_is_never_read_again():
    assert written("{x}", x="{y} {#z}", y="secret") == "{y} {#z}"


def test_a_line_with_only_section_marks_leaves_no_line():
    assert written("a\n{#x}\nb\n{/x}\nc", x=True) == "a\nb\nc"
    assert written("a\n{#x}\nb\n{/x}\nc", x=False) == "a\nc"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a\n{#x}", "never closed"),
        ("{/x}", "closes nothing"),
        ("{#a}{#b}{/a}{/b}", "closes nothing"),
        ("a { b", "lone '{'"),
        ("{x.__class__}", "lone '{'"),
        ("{x!r}", "lone '{'"),
        ("{x[0]}", "lone '{'"),
        ("{#a}" * 9 + "{/a}" * 9, "nested deeper"),
        ("x" * (LONGEST_TEMPLATE + 1), "longer than"),
    ],
)
def test_mistakes_are_named(text, says):
    with pytest.raises(ConfigError, match=says) as caught:
        Template.parse(text, "my/attach.txt")
    assert "my/attach.txt" in str(caught.value)


def test_tidy_takes_out_spare_lines_and_spaces():
    assert tidy("\n a \n\n\n\nb  \n") == "a\n\nb"
