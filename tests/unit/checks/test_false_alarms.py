"""Rules on leaks and on the wrong thing flag at most one honest file in a thousand."""

from __future__ import annotations

import pytest
from support import corpus, trees

from delivery.intake.readers.formats import sniff


@pytest.mark.slow
@pytest.mark.parametrize("name", trees.trees())
def test_trees_of_honest_files_are_left_in_peace(name):
    count, suspects = trees.flagged(trees.trees()[name])
    wrong = {item.path for item in suspects}
    told = [(item.code, item.path, item.message) for item in suspects]
    assert len(wrong) <= max(1, count / trees.BUDGET), told


@pytest.mark.parametrize(
    "begins",
    [
        "The free fonts",
        "The wide banner",
        "FORMAT of the data",
        "ID3 tags",
        "BLENDER",
        "glTF",
        "RIFF",
        "8BPS",
        "OggS",
        "Each %PDF-1.7",
    ],
)
def test_a_text_is_no_sound_or_film_for_its_first_letters(check, codes, begins):
    assert codes(check({"readme.txt": f"{begins} in this folder are yours.\n".encode()})) == set()


@pytest.mark.parametrize("before", [b"HTTP/1.1 200 OK\r\n\r\n", b"\xef\xbb\xbf", b"\0\x05a.pdf" + bytes(121)])
def test_a_pdf_with_something_in_front_is_one(before):
    assert sniff(before + b"%PDF-1.4\n") == "pdf"


@pytest.mark.parametrize("length", [40, 70_000])
def test_a_flac_with_an_id3_tag_in_front_is_one(check, codes, length):
    tag = b"ID3\3\0\0" + bytes((length >> 7 * place) & 0x7F for place in (3, 2, 1, 0))
    tag += b"TPE1" + (12).to_bytes(4, "big") + b"\0\0" + b"\0" + b"j@doe.test\0" + bytes(length - 22)
    found = check({"a.flac": tag + corpus.flac()})
    assert codes(found) <= {"contact-inside", "personal-metadata"}, found
    assert codes(check({"b.flac": tag + corpus.flac()[:20]})) == {"damaged"}
