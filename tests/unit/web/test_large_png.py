"""Large PNGs band by band: the same picture as decoded whole, in a fraction of the memory."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from delivery.web import large_png, thumbnails
from delivery.web.thumbnails import thumbnail


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_png, "_BAND_BYTES", 40_000)
    monkeypatch.setattr(thumbnails, "MEMORY", 100_000)


def scene(mode: str) -> Image.Image:
    image = Image.merge("RGB", [Image.radial_gradient("L").resize((703, 411)).rotate(angle) for angle in (0, 90, 180)])
    image.paste((20, 200, 60), (100, 50, 400, 200))
    if mode in {"RGBA", "LA"}:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
        return image.convert(mode)
    return image.quantize(64) if mode == "P" else image.convert(mode)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("level", [0, 9])
def test_it_looks_as_if_it_had_been_decoded_whole(
    tmp_path: Path, mode: str, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    scene(mode).save(path, compress_level=level)
    banded = thumbnail(path, box=340)
    monkeypatch.setattr(thumbnails, "MEMORY", 100_000_000)
    thumbnails._picture.cache_clear()
    whole = thumbnail(path, box=340)
    assert banded is not None and whole is not None
    assert (banded.width, banded.height) == (whole.width, whole.height)
    pictures = (Image.open(io.BytesIO(made.jpeg)).convert("L") for made in (banded, whole))
    difference = ImageChops.difference(*pictures)
    assert sum(value * count for value, count in enumerate(difference.histogram())) / (340 * 199) < 3


def test_it_is_turned_as_the_camera_was_held(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.png"
    scene("RGB").save(path, exif=exif)
    made = thumbnail(path, box=100)
    assert made is not None and made.height > made.width


@pytest.mark.parametrize("keep", [8, 20, 40, 200, 5_000, -20])
def test_what_is_cut_short_gives_none(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.png"
    scene("RGB").save(path, compress_level=1)
    path.write_bytes(path.read_bytes()[:keep] if keep > 0 else b"\0" * 5 + path.read_bytes()[:keep])
    assert thumbnail(path, box=64) is None


def test_what_it_cannot_cut_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    Image.new("I;16", (700, 400)).save(path)
    assert thumbnail(path, box=64) is None


def test_a_large_progressive_jpeg_is_counted_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, progressive in (("plain.jpg", False), ("progressive.jpg", True)):
        scene("RGB").resize((1600, 1200)).save(tmp_path / name, progressive=progressive)
    monkeypatch.setattr(thumbnails, "MEMORY", 3_000_000)
    assert thumbnail(tmp_path / "plain.jpg", box=340) is not None
    assert thumbnail(tmp_path / "progressive.jpg", box=340) is None
