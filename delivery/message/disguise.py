"""Seeing through disguised words: lookalike letters, digits for letters, hidden characters, s.p.a.c.e.d letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

# Letters of other alphabets that are read as Latin ones.
_LOOKALIKES = str.maketrans(
    "асеіјоорѕухԁһӏԛԝвмнткгпαβεικνορτυχγηωℓɑɡıﬀ",
    "aceijoopsyxdhlqwbmhtkrnabeiknoptyxynwlagif",
)
_DIGITS_FOR_LETTERS = str.maketrans(
    {"@": "a", "4": "a", "3": "e", "€": "e", "1": "l", "!": "i", "|": "l", "0": "o", "5": "s", "$": "s", "7": "t"}
)
_ONES_AS_I = _DIGITS_FOR_LETTERS | str.maketrans("1|", "ii")
# One letter that keyboards and habits write in several ways.
_SPELLINGS = str.maketrans("’ىیکہة", "'ييكهه")
_PARTS_OF_LETTERS = frozenset({0, 9})
"""Combining classes: not above or below, and the virama. Accents, Arabic vowel signs, hamza and nukta are left out."""
_DISGUISED = re.compile(r"(?<![^\s(])(?=\S*[^\W\d_])(?=\S*[@431!|05$7€])\S+")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][\s._\-*|/]{1,3}){3,}[^\W\d_](?![^\W_])")
_WORD = re.compile(r"[^\W\d_]+")


class View(NamedTuple):
    """A text made plain; ``places[i]`` is where its i-th character stands in the original."""

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.places[start], self.places[end - 1] + 1


def plain(text: str) -> View:
    """Lower case, without accents and hidden characters; the digits of all scripts as ASCII."""
    letters: list[str] = []
    places: list[int] = []
    if text.isascii():
        return View(text.lower(), tuple(range(len(text))))
    for place, char in enumerate(text):
        for made in _plain(char):
            letters.append(made)
            places.append(place)
    return View("".join(letters), tuple(places))


def _plain(char: str) -> str:
    if char.isascii():
        return char.lower()
    if unicodedata.category(char) in {"Cf", "Cs"}:
        return ""
    digit = unicodedata.digit(char, None)
    if digit is not None and unicodedata.category(char) == "Nd":
        return str(digit)
    made = unicodedata.normalize("NFKD", char).casefold().translate(_SPELLINGS)
    return "".join(part for part in made if unicodedata.combining(part) in _PARTS_OF_LETTERS)


def views(text: str) -> Iterator[View]:
    """The plain view, then those that see through one disguise each, where there is one."""
    first = plain(text)
    yield first
    read = View(first.text.translate(_LOOKALIKES), first.places)
    if read.text != first.text:
        yield read
    if _DISGUISED.search(read.text):
        for table in (_DIGITS_FOR_LETTERS, _ONES_AS_I):
            yield View(_DISGUISED.sub(lambda match, table=table: match[0].translate(table), read.text), read.places)  # type: ignore[misc]
    if _SPACED.search(read.text):
        yield _closed_up(read)


def _closed_up(view: View) -> View:
    letters: list[str] = []
    places: list[int] = []
    spaced = {index for match in _SPACED.finditer(view.text) for index in range(*match.span())}
    for index, char in enumerate(view.text):
        if index not in spaced or char.isalpha():
            letters.append(char)
            places.append(view.places[index])
    return View("".join(letters), tuple(places))


def mixed_words(text: str) -> Iterator[tuple[int, int]]:
    """Where a word mixes Latin with Cyrillic or Greek letters."""
    if text.isascii():
        return
    for match in _WORD.finditer(text):
        if match[0].isascii():
            continue
        scripts = {unicodedata.name(char, "").partition(" ")[0] for char in match[0]}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}:
            yield match.span()
