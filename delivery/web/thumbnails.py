"""Small, clean JPEG pictures of images that nobody vouches for.

What comes out holds pixels alone: no EXIF, no comment, no colour profile, no name. What cannot be shown within bounds
(corrupt, not an image, too large to decode in little memory) gives None; the caller shows a neutral tile instead.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from delivery.pictures import opened
from delivery.web import large_png, stills

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "ICO", "ICNS", "PSD", "JPEG2000", "TGA", "PPM",
)  # fmt: skip
"""Never EPS or WMF: those run other programs."""

_KEPT_BOX = 340
_NEVER = {"image/svg+xml", "image/x-eps", "image/wmf", "image/emf"}

_MOST_PIXELS = 180_000_000
"""More take seconds, however little memory."""
MEMORY = 100_000_000
"""Bytes that one decoded image may take."""

_BYTES_PER_PIXEL = {"1": 5, "L": 1, "P": 5, "LA": 4, "PA": 4, "I;16": 2, "I;16B": 2, "I;16L": 2}
_BROKEN = (
    OSError, ValueError, TypeError, SyntaxError, EOFError, IndexError, KeyError, AttributeError, NotImplementedError,
    ArithmeticError, MemoryError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's readers are known to raise for broken files."""


class Thumbnail(NamedTuple):
    jpeg: bytes
    width: int
    height: int


def is_picture(media_type: str) -> bool:
    """Whether it is worth the try; what the file really is, is decided by reading it."""
    if media_type.startswith("image/"):
        return media_type not in _NEVER
    return _still_for(media_type) is not None


@cache
def _still_for(media_type: str) -> Callable[[str | Path, int], Image | None] | None:
    """What makes a picture of a file that is not one, where the extra for it is installed."""
    if media_type == "application/pdf" and find_spec("pypdfium2"):
        return stills.pdf_page
    if media_type.startswith("video/") and find_spec("av"):
        return stills.video_frame
    return None


def thumbnail(path: str | Path, *, box: int, most_bytes: int = 60_000, media_type: str = "image/*") -> Thumbnail | None:
    """A picture of at most ``box`` by ``box`` pixels and ``most_bytes``, turned as EXIF says, on white.

    None where the file holds no image that can be shown. Never raises for what is in the file.
    """
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return None
    clean = _picture(str(path), seen.st_size, seen.st_mtime_ns, max(box, _KEPT_BOX), media_type)
    return None if clean is None else _encode(clean, box, most_bytes)


@lru_cache(maxsize=48)
def _picture(path: str, size: int, mtime_ns: int, box: int, media_type: str) -> Image | None:
    """Decoded once for the page and the sheet: reading a photo takes far longer than making it smaller again."""
    from PIL import Image

    still = _still_for(media_type)
    if still is not None:
        drawn = still(path, box)
        return None if drawn is None else _on_white(drawn)
    try:
        with opened(path, FORMATS) as image:
            return _shrink(image, box) if image.width * image.height <= _MOST_PIXELS else None
    except (*_BROKEN, Image.DecompressionBombError, Warning):
        return None


def _shrink(image: Image, box: int) -> Image | None:
    from PIL import Image, ImageOps

    if image.width < 1 or image.height < 1:
        return None
    full = image.size
    image.draft("RGB" if image.mode != "CMYK" else "CMYK", (box, box))
    profile = image.info.get("icc_profile")
    turn = ImageOps.exif_transpose
    if _cost(image, full) > MEMORY:
        banded = _banded(image, box)
        if banded is None:
            return None
        banded.thumbnail((box, box), Image.Resampling.LANCZOS)
        banded.info["exif"] = image.info.get("exif", b"")
        return _on_white(_to_srgb(turn(banded), profile))
    small: Image.Image = image
    if image.mode in {"1", "P"}:
        small = image.convert("RGBA" if "transparency" in image.info else "RGB")
    small.thumbnail((box, box), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _on_white(_to_srgb(_eight_bit(turn(small)), profile))


def _cost(image: Image, full: tuple[int, int]) -> float:
    """Bytes that decoding takes. A progressive JPEG is held whole however small it comes out."""
    pixels = image.width * image.height * _BYTES_PER_PIXEL.get(image.mode, 4)
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    if not image.info.get("progressive") or not layers:
        return pixels
    largest = max(across for _, across, _, _ in layers) * max(down for _, _, down, _ in layers) or 1
    return pixels + 2 * full[0] * full[1] * sum(across * down for _, across, down, _ in layers) / largest


def _banded(image: Image, box: int) -> Image | None:
    if image.format != "PNG":
        return None
    with open(image.filename, "rb") as stream:  # type: ignore[attr-defined]
        return large_png.shrink(stream, box)


def _encode(clean: Image, box: int, most_bytes: int) -> Thumbnail | None:
    from PIL import Image

    clean = clean.copy()
    clean.thumbnail((box, box), Image.Resampling.LANCZOS)
    while True:
        for quality in (82, 62, 40):
            out = io.BytesIO()
            clean.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= most_bytes:
                return Thumbnail(out.getvalue(), clean.width, clean.height)
        if max(clean.size) < 16:
            return None
        clean = clean.resize((max(1, clean.width * 2 // 3), max(1, clean.height * 2 // 3)), Image.Resampling.LANCZOS)


def _eight_bit(image: Image) -> Image:
    """Deep greyscale scaled to what a screen shows; every other mode as it is."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"I", "F"}:
        low, high = image.getextrema()
        if image.mode == "I" and low >= 0 and high <= 0xFFFF:  # type: ignore[operator]
            low, high = 0, 0xFFFF
        span = float(high) - float(low) or 1.0  # type: ignore[arg-type]
        return image.convert("F").point(lambda value: value * (255 / span) + (-float(low) * 255 / span)).convert("L")  # type: ignore[arg-type]
    return image


def _to_srgb(image: Image, profile: bytes | None) -> Image:
    """Colours as a colour-managed viewer shows them, where the image brings a profile that can be read."""
    if not profile or image.mode not in {"RGB", "CMYK", "L"}:
        return image
    try:
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImportError, *_BROKEN):
        return image
    except ImageCms.PyCMSError:
        return image
    return image if converted is None else converted


def _on_white(image: Image) -> Image:
    """A new RGB image, so that nothing of ``image.info`` travels along."""
    from PIL import Image

    clean = Image.new("RGB", image.size, "white")
    if image.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        clean.paste(layer, mask=layer.getchannel("A"))
    else:
        clean.paste(image.convert("RGB"))
    return clean
