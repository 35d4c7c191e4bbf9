"""Text of any script on a PDF page: measured, wrapped, cut, and placed from the side where its readers begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from delivery.escape import printable
from delivery.packing.proof import lettering, pdf
from delivery.packing.proof.pdf import Colour, Document, Page

_BREAK_AFTER = "/ _-."
_STENCIL_BYTES = 180_000


@dataclass(slots=True)
class Ink:
    """Draws on ``page``. ``mirrored`` turns start and end around for scripts that run from right to left."""

    document: Document
    page: Page
    mirrored: bool
    _stencil_bytes: int = 0

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: Colour,
        *,
        font: str = pdf.REGULAR,
        width: float = 0.0,
        align: Literal["start", "end"] = "start",
        says: str | None = None,
    ) -> None:
        """One line with its baseline at ``y``, in the box of ``width`` at ``x``, both as before mirroring."""
        stencil = (
            None
            if pdf.encodes(text) or self._stencil_bytes > _STENCIL_BYTES
            else lettering.draw(text, size, bold=font == pdf.BOLD)
        )
        shown = text if pdf.encodes(text) else _ascii(text)
        taken = stencil.width if stencil else pdf.text_width(shown, font, size)
        left = x + width - taken if align == "end" else x
        if self.mirrored:
            left = pdf.A4[0] - left - taken
        if stencil is None:
            self.page.text(left, y, shown, font, size, colour, says=(says or text) if shown != (says or text) else None)
            return
        before = self.document.picture_bytes
        placed = self.document.stencil(stencil.rows, stencil.columns, stencil.lines)
        self._stencil_bytes += self.document.picture_bytes - before
        top = y - stencil.baseline
        self.page.lettering(placed, left, top, stencil.width, stencil.height, says or text, colour)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        left = pdf.A4[0] - x - width if self.mirrored else x
        self.page.rectangle(left, y, width, height, colour)


def width_of(text: str, size: float, font: str = pdf.REGULAR) -> float:
    if pdf.encodes(text):
        return pdf.text_width(text, font, size)
    drawn = lettering.measure(text, size)
    return pdf.text_width(_ascii(text), font, size) if drawn is None else drawn


def wrap(text: str, size: float, width: float, lines: int, font: str = pdf.REGULAR) -> list[str]:
    """``text`` on at most ``lines`` lines; what does not fit is left out in the middle, so that the ending stays."""
    text = printable(text)

    def fits(part: str) -> bool:
        return width_of(part, size, font) <= width

    out: list[str] = []
    while len(out) < lines - 1 and not fits(text):
        cut = _most(text, fits)
        nicer = max(text.rfind(char, 1, cut) for char in _BREAK_AFTER) + 1
        cut = nicer if nicer > cut // 2 else cut
        out.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    out.append(text if fits(text) else _middle_cut(text, fits))
    return out


def _most(text: str, fits: Callable[[str], bool]) -> int:
    """The length of the longest beginning that fits, at least 1."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle - 1)
    return low


def _middle_cut(text: str, fits: Callable[[str], bool]) -> str:
    def cut(kept: int) -> str:
        tail = min(kept // 2, 24)
        return f"{text[: kept - tail]}…{text[len(text) - tail :]}"

    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(cut(middle)) else (low, middle - 1)
    return cut(low)


def _ascii(text: str) -> str:
    return "".join(char if pdf.encodes(char) else lettering.escape(char) for char in text)
