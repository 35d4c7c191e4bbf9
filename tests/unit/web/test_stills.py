"""Pictures of PDFs and videos, where the extra for them is installed; never an exception for what is in a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from delivery.packing import proof
from delivery.web import thumbnails
from delivery.web.thumbnails import is_picture, thumbnail


def a_pdf(folder: Path) -> Path:
    pytest.importorskip("pypdfium2")
    return proof.write(folder, name="sheet", files=[], when=datetime(2026, 1, 1, tzinfo=UTC))


def a_video(folder: Path) -> Path:
    av = pytest.importorskip("av")
    path = folder / "film.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(60):
            image = Image.new("RGB", (320, 180), "black")
            if number > 25:
                image.paste((250, 40, 40), (0, 0, 160, 180))
            film.mux(stream.encode(av.VideoFrame.from_image(image)))
        film.mux(stream.encode())
    return path


def shown(path: Path, media_type: str) -> Image.Image:
    made = thumbnail(path, box=160, media_type=media_type)
    assert made is not None
    return Image.open(io.BytesIO(made.jpeg))


def test_the_first_page_of_a_pdf(tmp_path: Path) -> None:
    picture = shown(a_pdf(tmp_path), "application/pdf")
    assert picture.height == 160 and picture.width < 130
    assert picture.convert("L").getextrema()[0] < 120


def test_a_frame_that_is_not_black(tmp_path: Path) -> None:
    picture = shown(a_video(tmp_path), "video/mp4")
    assert picture.size == (160, 90)
    red = picture.getpixel((20, 45))
    assert isinstance(red, tuple) and red[0] > 200 and red[1] < 90


@pytest.mark.parametrize("kind", ["pdf", "mp4"])
def test_a_broken_file_gives_none_or_a_picture_but_never_an_exception(tmp_path: Path, kind: str) -> None:
    media_type = {"pdf": "application/pdf", "mp4": "video/mp4"}[kind]
    whole = (a_pdf(tmp_path) if kind == "pdf" else a_video(tmp_path)).read_bytes()
    path = tmp_path / f"broken.{kind}"
    for at in range(0, len(whole), max(1, len(whole) // 25)):
        path.write_bytes(whole[:at] + b"\xff\x00\xff" + whole[at + 3 :])
        thumbnail(path, box=64, media_type=media_type)
        path.write_bytes(whole[:at])
        thumbnail(path, box=64, media_type=media_type)
    path.write_bytes(b"")
    assert thumbnail(path, box=64, media_type=media_type) is None


@pytest.fixture
def no_extra(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    thumbnails._still_for.cache_clear()
    monkeypatch.setattr(thumbnails, "find_spec", lambda name: None)
    yield
    thumbnails._still_for.cache_clear()


@pytest.mark.usefixtures("no_extra")
def test_without_the_extra_they_are_no_pictures() -> None:
    assert not is_picture("application/pdf")
    assert not is_picture("video/mp4")
    assert is_picture("image/png")
