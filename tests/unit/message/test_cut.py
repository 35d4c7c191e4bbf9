"""Cutting keeps every piece within the limit and every link whole."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from delivery.message.cut import cut
from delivery.units import utf16

LINK = "https://bucket.example.com/d/abc/work.zip?X-Amz-Expires=604800&X-Amz-Signature=" + "a" * 64

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=30)
links = st.integers(0, 200).map(lambda n: LINK + "b" * n)
lines = st.one_of(st.lists(words, min_size=1, max_size=20).map(" ".join), links)
texts = st.lists(st.lists(lines, min_size=1, max_size=4).map("\n".join), min_size=1, max_size=6).map("\n\n".join)


def label(n: int, m: int) -> str:
    return f"(Text {n} of {m}.)"


def letters(text: str) -> str:
    return re.sub(r"\s+", "", text)


def without_labels(pieces: tuple[str, ...]) -> str:
    total = len(pieces)
    return "".join(piece.removesuffix(label(n, total)) for n, piece in enumerate(pieces, start=1))


@given(texts, st.integers(1, 900))
@example(f"See:\n{LINK}", 60)
def test_no_piece_exceeds_the_limit_unless_it_is_one_link(text, limit):
    for piece in cut(text, limit, label):
        assert utf16(piece) <= limit or re.fullmatch(r"https?://\S+", piece) or limit < 2


@given(texts, st.integers(1, 900))
def test_no_link_is_broken_and_nothing_is_lost(text, limit):
    pieces = cut(text, limit, label)
    urls = re.findall(r"https://bucket\S+", text)
    assert [url for piece in pieces for url in re.findall(r"https://bucket\S+", piece)] == urls
    assert letters(without_labels(pieces)) == letters(text) or letters("".join(pieces)) == letters(text)


def test_a_text_that_fits_stays_as_it_is():
    assert cut("all of it", 9, label) == ("all of it",)
    assert cut("all of it " * 500, None, label) == ("all of it " * 500,)


def test_paragraphs_stay_together_where_they_fit():
    text = "A first paragraph, some words long.\n\nA second one, as long as that.\n\nA third one."
    assert cut(text, 65, label) == (
        "A first paragraph, some words long.\n\n(Text 1 of 2.)",
        "A second one, as long as that.\n\nA third one.\n\n(Text 2 of 2.)",
    )


def test_a_long_paragraph_is_cut_between_sentences():
    text = "One sentence stands here. Another one follows it. And here is a third one."
    assert [piece.partition("\n")[0] for piece in cut(text, 60, label)] == [
        "One sentence stands here.",
        "Another one follows it.",
        "And here is a third one.",
    ]


def test_a_link_stays_with_the_line_that_names_it():
    text = "\n".join(f"file-{n}.zip (1 MB)\n{LINK}" for n in range(4))
    for piece in cut(text, 320, label):
        assert piece.startswith("file-")
        assert piece.count("file-") == piece.count(LINK)


def test_an_emoji_counts_as_two():
    assert utf16("a😀") == 3
    assert all(utf16(piece) <= 10 for piece in cut("😀" * 40, 10, label))
