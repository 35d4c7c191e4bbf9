"""Thumbnails: clean pixels from whatever a file holds, within bounds, and never an exception."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from delivery.web import thumbnails
from delivery.web.thumbnails import is_picture, thumbnail

RED, GREEN = (200, 30, 30), (20, 160, 40)


def saved(folder: Path, name: str, image: Image.Image, **options: object) -> Path:
    path = folder / name
    image.save(path, **options)  # type: ignore[arg-type]
    return path


def opened(path: Path, box: int = 100) -> Image.Image:
    made = thumbnail(path, box=box)
    assert made is not None
    image = Image.open(io.BytesIO(made.jpeg))
    assert image.size == (made.width, made.height)
    assert image.mode == "RGB"
    return image


def close(pixel: object, colour: tuple[int, int, int], by: int = 40) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "webp", "tif", "bmp", "ico", "tga", "ppm"])
def test_every_common_format_is_shown(tmp_path: Path, ending: str) -> None:
    picture = opened(saved(tmp_path, f"a.{ending}", Image.new("RGB", (240, 240), RED)))
    assert close(picture.getpixel((50, 50)), RED)
    assert max(picture.size) <= 100


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16", "F"])
def test_every_mode_is_shown(tmp_path: Path, mode: str) -> None:
    image = Image.new("L", (64, 64), 255).convert(mode) if mode not in {"LAB", "I;16"} else Image.new(mode, (64, 64))
    opened(saved(tmp_path, "a.tif" if mode not in {"LA", "P", "RGBA"} else "a.png", image))


def test_sixteen_bit_grey_keeps_its_tones(tmp_path: Path) -> None:
    image = Image.frombytes("I;16", (64, 64), b"\x00\x80" * 64 * 64)
    picture = opened(saved(tmp_path, "deep.png", image))
    assert close(picture.getpixel((30, 30)), (128, 128, 128), 4)


def test_transparency_becomes_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (90, 90), (0, 0, 0, 0))
    assert close(opened(saved(tmp_path, "a.png", image)).getpixel((40, 40)), (255, 255, 255), 3)
    palette = Image.new("P", (90, 90), 0)
    assert close(opened(saved(tmp_path, "b.png", palette, transparency=0)).getpixel((40, 40)), (255, 255, 255), 3)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_it_is_turned_as_the_camera_was_held(tmp_path: Path, ending: str) -> None:
    image = Image.new("RGB", (200, 100), RED)
    image.paste(GREEN, (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 6
    made = thumbnail(saved(tmp_path, f"a.{ending}", image, exif=exif), box=80)
    assert made is not None
    assert (made.width, made.height) == (40, 80)
    picture = Image.open(io.BytesIO(made.jpeg))
    assert close(picture.getpixel((20, 10)), GREEN) and close(picture.getpixel((20, 70)), RED)


def test_nothing_but_pixels_comes_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Jane Doe"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.new("RGB", (64, 64), RED)
    for name, options in (
        ("a.jpg", {"exif": exif, "icc_profile": profile, "comment": b"made by Jane Doe"}),
        ("a.png", {"exif": exif, "icc_profile": profile}),
    ):
        made = thumbnail(saved(tmp_path, name, image, **options), box=64)
        assert made is not None
        assert b"Jane" not in made.jpeg and b"Exif" not in made.jpeg and b"ICC" not in made.jpeg
        assert not Image.open(io.BytesIO(made.jpeg)).getexif()


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * 1000)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an image at all",
        b"\x89PNG\r\n\x1a\nbroken",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"GIF89a\xff\xff\xff\xff",
        b"8BPS\x00\x01" + b"\xff" * 40,
        b"II*\x00\x08\x00\x00\x00\xff\xff" + b"\xff" * 64,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(pwned) print\n",
        png_header(60_000, 60_000),
        png_header(13_000, 13_000),
        png_header(0, 10),
        png_header(100, 100),
    ],
)
def test_what_cannot_be_shown_gives_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    assert thumbnail(path, box=64) is None


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "webp", "tif", "bmp", "psd"])
def test_a_file_cut_or_garbled_anywhere_never_raises(tmp_path: Path, ending: str) -> None:
    source = tmp_path / f"a.{ending}"
    if ending == "psd":
        source.write_bytes(b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 3, 8, 8, 8, 3) + b"\0" * 300)
    else:
        Image.linear_gradient("L").convert("RGB").resize((48, 48)).save(source)
    whole = source.read_bytes()
    broken = tmp_path / f"b.{ending}"
    step = max(1, len(whole) // 40)
    for at in range(0, len(whole), step):
        broken.write_bytes(whole[:at])
        thumbnail(broken, box=32)
        broken.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        thumbnail(broken, box=32)


def test_a_file_that_changed_is_looked_at_again(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", Image.new("RGB", (64, 64), RED))
    opened(path)
    path.write_bytes(b"no picture any more")
    assert thumbnail(path, box=100) is None


def test_a_missing_file_and_a_folder_give_none(tmp_path: Path) -> None:
    assert thumbnail(tmp_path / "gone.png", box=32) is None
    assert thumbnail(tmp_path, box=32) is None


def test_the_most_bytes_are_kept_even_for_noise(tmp_path: Path) -> None:
    path = saved(tmp_path, "noise.png", Image.effect_noise((700, 700), 200))
    made = thumbnail(path, box=640, most_bytes=9_000)
    assert made is not None
    assert len(made.jpeg) <= 9_000


def test_a_profile_is_turned_into_plain_colours(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    opened(saved(tmp_path, "odd.jpg", Image.new("RGB", (64, 64), RED), icc_profile=lab))
    broken = opened(saved(tmp_path, "broken.jpg", Image.new("RGB", (64, 64), RED), icc_profile=b"nonsense"))
    assert close(broken.getpixel((30, 30)), RED)


def test_the_limit_is_our_own_and_nothing_of_the_whole_process_is_touched(tmp_path: Path, monkeypatch) -> None:
    seen = []
    shrink = thumbnails._shrink
    monkeypatch.setattr(thumbnails, "_shrink", lambda *given: (seen.append(warnings.filters), shrink(*given))[1])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert thumbnail(saved(tmp_path, "a.png", Image.new("RGB", (64, 64), RED)), box=64) is not None
    assert seen[0] is warnings.filters
    monkeypatch.setattr(thumbnails, "_MOST_PIXELS", 100)
    assert thumbnail(saved(tmp_path, "b.png", Image.new("RGB", (64, 64), RED)), box=64) is None


def test_drawings_that_run_are_not_pictures() -> None:
    assert is_picture("image/png")
    assert not is_picture("image/svg+xml")
