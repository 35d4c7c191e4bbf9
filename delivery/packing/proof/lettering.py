"""Words in scripts that the fonts built into PDF viewers lack, drawn with a font of this machine as one-bit stencils.

Every string can be shown: what no font here covers is written as an ASCII escape (``\\u4f5c``), never as an empty box.
"""

from __future__ import annotations

import os
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from delivery.packing.proof import bidi

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

_SUFFIXES = {".ttf", ".otf", ".ttc"}
_MOST_FILES = 20_000
_ABSENT = "\U000ffffe"
"""A code point that no font has: what it looks like is what a missing glyph looks like."""
_DOTS_PER_POINT = 5
_SHAPED = ((0x0900, 0x0DFF), (0x0F00, 0x109F), (0x1780, 0x17FF))
"""Scripts whose letters change places: only a library that knows them writes them right."""
_RIGHT_TO_LEFT = ((0x0590, 0x08FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFC))


@dataclass(frozen=True, slots=True)
class Stencil:
    """Rows of bits, 1 is ink. Sizes in points; ``baseline`` is measured from the top."""

    rows: bytes
    columns: int
    lines: int
    width: float
    height: float
    baseline: float


def escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@cache
def _shapes() -> bool:
    """Whether letters that join or reorder come out right here."""
    from PIL import features

    return bool(features.check_feature("raqm"))


@cache
def _font_files() -> tuple[Path, ...]:
    """The fonts of this machine that are worth a look, best first."""
    data = tomllib.loads(resources.files(__package__).joinpath("fonts.toml").read_text("utf-8"))
    found: dict[str, Path] = {}
    for place in data["folders"]:
        folder = Path(os.path.expanduser(os.path.expandvars(_windows_variables(place))))
        for path in _walk(folder):
            found.setdefault(path.stem.lower(), path)
    return tuple(found[name] for name in data["prefer"] if name in found)


def _windows_variables(place: str) -> str:
    for name in ("WINDIR", "LOCALAPPDATA"):
        place = place.replace(f"%{name}%", os.environ.get(name, "/nonexistent"))
    return place


def _walk(folder: Path) -> Iterator[Path]:
    seen = 0
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            seen += 1
            if seen > _MOST_FILES:
                return
            if os.path.splitext(name)[1].lower() in _SUFFIXES:
                yield Path(where, name)


@cache
def _font(path: Path, pixels: int) -> FreeTypeFont | None:
    from PIL import ImageFont

    engine = ImageFont.Layout.RAQM if _shapes() else ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(str(path), pixels, layout_engine=engine)
    except (OSError, ValueError):
        return None


@cache
def _probe(path: Path) -> tuple[FreeTypeFont, bytes] | None:
    from PIL import ImageFont

    try:
        font = ImageFont.truetype(str(path), 24, layout_engine=ImageFont.Layout.BASIC)
        return font, bytes(font.getmask(_ABSENT))
    except (OSError, ValueError):
        return None


@cache
def _covers(path: Path, char: str) -> bool:
    probe = _probe(path)
    if probe is None:
        return False
    font, absent = probe
    try:
        glyph = bytes(font.getmask(char))
    except (OSError, ValueError):
        return False
    return glyph != absent and (any(glyph) or char.isspace() or unicodedata.category(char) in {"Cf", "Mn"})


def _runs(text: str) -> list[tuple[Path | None, str]]:
    """``text`` cut where the font changes; None for what no font covers. One font for all of it where there is one."""
    files = _font_files()
    whole = next((path for path in files if all(_covers(path, char) for char in set(text))), None)
    if whole is not None:
        return [(whole, text)]
    runs: list[tuple[Path | None, str]] = []
    for char in text:
        current = runs[-1][0] if runs else None
        if current is None or not _covers(current, char):
            current = next((path for path in files if _covers(path, char)), None)
        if runs and runs[-1][0] == current:
            runs[-1] = (current, runs[-1][1] + char)
        else:
            runs.append((current, char))
    return runs


def drawable(text: str) -> bool:
    """Whether :func:`draw` shows ``text`` as its readers write it: every letter, joined where the script joins."""
    return (_shapes() or not _within(text, _SHAPED)) and all(path is not None for path, _ in _runs(_seen(text)))


def _within(text: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= ord(char) <= high for char in text for low, high in ranges)


def _seen(text: str) -> str:
    """``text`` as Pillow needs it: as it is where Pillow knows scripts, else joined and in visual order."""
    return text if _shapes() or not _within(text, _RIGHT_TO_LEFT) else bidi.visual(text)


def readable(text: str) -> str:
    """``text`` with what no font here covers as escapes, so that it can be drawn."""
    return "".join(run if path is not None else "".join(map(escape, run)) for path, run in _runs(text))


def measure(text: str, points: float) -> float | None:
    """How wide :func:`draw` makes ``text``, in points; None where it draws nothing."""
    pieces = _pieces(text, round(points * _DOTS_PER_POINT))
    return None if pieces is None else sum(width for *_, width in pieces) / _DOTS_PER_POINT


def _pieces(text: str, pixels: int) -> list[tuple[FreeTypeFont, str, int]] | None:
    """``text`` as runs with their fonts and widths; None where this machine has no font that could draw it."""
    pieces = []
    for path, run in _runs(readable(_seen(text))):
        font = None if path is None else _font(path, pixels)
        if font is None:
            return None
        pieces.append((font, run, round(font.getlength(run)) + 1))
    return pieces


def draw(text: str, points: float, *, bold: bool = False) -> Stencil | None:
    """A stencil of one line of ``text``; None where this machine has no font at all that could draw it."""
    from PIL import Image, ImageDraw

    pixels = round(points * _DOTS_PER_POINT)
    pieces = _pieces(text, pixels)
    if pieces is None:
        return None
    right_to_left = _shapes() and bidi.rtl(text)
    if right_to_left:
        pieces.reverse()
    ascent = max((font.getmetrics()[0] for font, _, _ in pieces), default=pixels)
    descent = max((font.getmetrics()[1] for font, _, _ in pieces), default=0)
    columns, lines = max(1, sum(width for *_, width in pieces)), max(1, ascent + descent)
    image = Image.new("L", (columns, lines), 0)
    pen, x = ImageDraw.Draw(image), 0
    for font, run, width in pieces:
        direction = {"direction": "rtl" if right_to_left and len(pieces) == 1 else None} if _shapes() else {}
        stroke = max(1, pixels // 45) if bold else 0
        pen.text((x, ascent), run, fill=255, font=font, anchor="ls", stroke_width=stroke, **direction)  # type: ignore[arg-type]
        x += width
    bits = image.point(lambda value: 255 if value > 110 else 0).convert("1")
    return Stencil(
        bits.tobytes(), columns, lines, columns / _DOTS_PER_POINT, lines / _DOTS_PER_POINT, ascent / _DOTS_PER_POINT
    )
