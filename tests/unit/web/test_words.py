"""The words: whole in every language, with the same places to fill in."""

from __future__ import annotations

import re
import string

import pytest

from delivery.web.words import known, languages, words

SECTIONS = ("proof", "joiner", "page")
ASKED_FOR = {"en", "es", "pt", "fr", "de", "ar", "hi", "ur", "id", "zh"}


def test_every_language_of_the_messages_is_there() -> None:
    assert set(languages()) >= ASKED_FOR
    assert languages()[0] == "en"


@pytest.mark.parametrize("language", sorted(ASKED_FOR))
@pytest.mark.parametrize("section", SECTIONS)
def test_a_language_has_every_word_and_fills_in_the_same(language: str, section: str) -> None:
    own, english = words(language, section), words("en", section)
    assert own.keys() == english.keys()
    for key, text in own.items():
        assert text.strip() == text and text
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert fields == set(re.findall(r"\{(\w+)\}", english[key])), key


@pytest.mark.parametrize("language", sorted(ASKED_FOR - {"en"}))
def test_nothing_was_left_in_english(language: str) -> None:
    same = [
        (section, key)
        for section in SECTIONS
        for key, text in words(language, section).items()
        if text == words("en", section)[key]
        and len(text.split()) > 2
        and "{minutes}" not in text
        and "{hours}" not in text
    ]
    assert not same


@pytest.mark.parametrize(
    ("tag", "served"), [("pt-BR", "pt"), ("zh_Hant_TW", "zh"), ("DE", "de"), ("tlh", "en"), ("", "en")]
)
def test_a_tag_is_served_by_its_language(tag: str, served: str) -> None:
    assert known(tag) == served


@pytest.mark.parametrize("language", sorted(ASKED_FOR))
@pytest.mark.parametrize("place", ["proof more_pictures", "proof more", "joiner count", "page saved_some"])
def test_what_may_count_one_stands_apart_from_its_number(language: str, place: str) -> None:
    """So that no word has to be singular or plural: these words have one form."""
    section, key = place.split()
    text = words(language, section)[key]
    counted = text.index("{count}")
    assert {"ar", "id", "zh"} & {language} or re.search(r":\s|में से|میں سے", text[:counted]), text
