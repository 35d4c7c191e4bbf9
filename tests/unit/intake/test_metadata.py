"""EXIF wherever it lies, and however it is cut off; what a GIF tells."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from delivery.intake.observation import Fact, Seen
from delivery.intake.observe import look
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
