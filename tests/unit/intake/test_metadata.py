"""EXIF wherever it lies, and however it is cut off; what a GIF tells; tags of sound and video, each by itself."""

from __future__ import annotations

import io
import struct
import time

import pytest
from PIL import Image
from support import corpus
from support.leaky import matroska, tagged

from delivery.intake.look import look
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers import metadata
from delivery.intake.readers.metadata import note_exif
from delivery.intake.readers.view import View


def picture(latitude: tuple[int, int, int], *, pixels: int = 0) -> bytes:
    """A TIFF with a place in it, its directories behind ``pixels`` bytes of picture, as libtiff writes it."""
    start = 8 + pixels
    fields = ((273, 4, 1, 8), (279, 4, 1, pixels), (0x8825, 4, 1, start + 42))
    first = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", *field) for field in fields) + bytes(4)
    place = struct.pack("<HHHIII", 1, 2, 5, 3, start + 60, 0)
    degrees = b"".join(struct.pack("<II", part, 1) for part in latitude)
    return b"II*\0" + struct.pack("<I", start) + bytes(pixels) + first + place + degrees


def seen(view: View) -> list[Seen]:
    look(view)
    return [fact.kind for fact in view.facts]


@pytest.mark.parametrize("latitude", [(52, 31, 12), (0, 18, 49), (0, 0, 30)], ids=["Berlin", "Kampala", "the equator"])
def test_a_place_is_found_at_any_latitude(latitude):
    assert seen(View.of_bytes(picture(latitude), name="a.tif")) == [Seen.GPS]


def test_no_place_is_none():
    assert seen(View.of_bytes(picture((0, 0, 0)), name="a.tif")) == []


def test_a_place_behind_the_pixels_of_a_large_picture_is_found():
    assert seen(View.of_bytes(picture((52, 31, 12), pixels=3_000_000), name="a.tif")) == [Seen.GPS]


def test_exif_that_is_cut_off_anywhere_is_no_trouble():
    data = picture((52, 31, 12))
    for size in range(len(data)):
        view = View.of_bytes(data)
        note_exif(view, data[:size])


def gif(**options: bytes) -> bytes:
    out = io.BytesIO()
    Image.new("P", (9, 9)).save(out, "GIF", **options)
    return out.getvalue()


def noted(data: bytes) -> list[Fact]:
    view = View.of_bytes(data, name="a.gif")
    look(view)
    return view.facts


def test_a_comment_and_an_author_in_a_gif_are_seen():
    long = b"made for you, " * 30 + b"write to jane.roe@gmail.com"
    assert noted(gif(comment=long)) == [Fact(Seen.CONTACT, "an email address: jane.roe@gmail.com", "GIF comment")]
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>Jane Roe</dc:creator></x:xmpmeta>'
    block = b"!\xff\x0bXMP DataXMP" + packet + b"\1" + bytes(range(255, -1, -1)) + b"\0"
    assert noted(gif()[:-1] + block + b";") == [Fact(Seen.PERSON, "Jane Roe", "XMP creator")]


def test_a_gif_that_lacks_nothing_but_its_end_mark_is_not_damaged():
    assert [fact.kind for fact in noted(gif()[:-1])] == [Seen.DOUBTFUL]
    assert [fact.kind for fact in noted(gif()[:-2])] == [Seen.DAMAGED]


@pytest.mark.parametrize(
    "tags",
    [
        b"\3comment\0jane.roe@gmail.com",
        b"\0\0\0\x2adata\0\0\0\1\0\0\0\0jane.roe@gmail.com\0\0\0Mdata",
        b"\1\xff\xfe" + "jane.roe@gmail.com\0title".encode("utf-16-le"),
        b"\2" + "jane.roe@gmail.com".encode("utf-16-be") + b"\0\0",
    ],
)
def test_an_address_ends_where_its_tag_does(tags: bytes) -> None:
    view = View.of_bytes(b"")
    metadata.note_tags(view, tags)
    assert view.facts == [Fact(Seen.CONTACT, "an email address: jane.roe@gmail.com", "tags")]


def test_lists_of_tags_that_are_cut_off_or_lie_about_their_lengths_are_no_trouble() -> None:
    for kind in ("flac", "opus", "wav", "avi", "mkv", "mov"):
        data = tagged(kind, b"jane.roe@gmail.com")
        for size in range(1, len(data), 7):
            look(View.of_bytes(data[:size], name=f"work.{kind}"))
    metadata.note_vorbis(View.of_bytes(b""), b"\xff" * 400)
    metadata.note_vorbis(View.of_bytes(b""), bytes(metadata.LONGEST_TAGS))


@pytest.mark.parametrize("length", [b"\x08\xff\xff\xff\xff", b"\x41\xff", b"\x81", b""])
def test_tags_of_a_film_made_of_nothing_but_beginnings_are_soon_done_with(length: bytes) -> None:
    film = corpus.matroska(b"matroska") + (b"\x12\x54\xc3\x67" + length + b"\x44\x87" + length) * 10_000
    began = time.process_time()
    look(View.of_bytes(film, name="film.mkv"))
    assert time.process_time() - began < 3


def test_tags_of_a_film_are_found_behind_its_list_of_contents_and_what_looks_like_a_text() -> None:
    listed = b"\x53\xab\x84\x12\x54\xc3\x67\x53\xac\x82\x10\x00" + b"\x44\x87\x08\xff\xff\xff\xff"
    made = matroska(b"jane.roe@gmail.com")
    at = made.index(b"\x12\x54\xc3\x67")
    view = View.of_bytes(made[:at] + listed + made[at:], name="film.mkv")
    look(view)
    assert [fact.detail for fact in view.facts if fact.kind is Seen.CONTACT] == ["an email address: jane.roe@gmail.com"]
