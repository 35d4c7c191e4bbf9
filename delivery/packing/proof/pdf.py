"""As much of a PDF as a sheet of paper needs: text in the fonts that every viewer has, pictures, lines.

Hand-written because the sheet must have real text (to copy a digest, to search, to be read aloud), print sharply, stay
small and carry no metadata but its title. Lengths are points, measured from the top left. The same calls give the same
bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources

A4 = (595.28, 841.89)

REGULAR, BOLD, MONO = "F1", "F2", "F3"
_BASE_FONTS = {REGULAR: "Helvetica", BOLD: "Helvetica-Bold", MONO: "Courier"}


def encodes(text: str) -> bool:
    """Whether the fonts that every viewer has can show ``text``."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return text.isprintable() or "\u00a0" in text


@cache
def _widths(font: str) -> tuple[int, ...]:
    lines = resources.files(__package__).joinpath("widths.txt").read_text("ascii").splitlines()
    rows = {name: tuple(map(int, rest.split())) for name, _, rest in (line.partition(" ") for line in lines if line)}
    return rows[font]


def text_width(text: str, font: str, size: float) -> float:
    if font == MONO:
        return len(text) * 0.6 * size
    widths = _widths(_BASE_FONTS[font])
    return sum(widths[code - 32] if code >= 32 else 0 for code in text.encode("cp1252", "replace")) * size / 1000


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that is stored once and may be placed often."""

    number: int
    width: int
    height: int


Colour = tuple[float, float, float]


class Page:
    """One sheet, drawn upon in order."""

    def __init__(self) -> None:
        self.content: list[str] = []
        self.pictures: set[int] = set()

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        self.content.append(f"{_rgb(colour)} rg {_n(x)} {_n(A4[1] - y - height)} {_n(width)} {_n(height)} re f")

    def text(
        self, x: float, y: float, text: str, font: str, size: float, colour: Colour, *, says: str | None = None
    ) -> None:
        """``text`` with its baseline at ``y``; ``says`` is what it stands for, where that cannot be shown."""
        shown = _literal(text.encode("cp1252", "replace"))
        if says is not None:
            self.content.append(_span(says))
        self.content.append(f"BT {_rgb(colour)} rg /{font} {_n(size)} Tf {_n(x)} {_n(A4[1] - y)} Td {shown} Tj ET")
        if says is not None:
            self.content.append("EMC")

    def picture(self, picture: Picture, x: float, y: float, width: float, height: float) -> None:
        self.pictures.add(picture.number)
        self.content.append(
            f"q {_n(width)} 0 0 {_n(height)} {_n(x)} {_n(A4[1] - y - height)} cm /I{picture.number} Do Q"
        )

    def lettering(
        self, stencil: Picture, x: float, y: float, width: float, height: float, says: str, colour: Colour
    ) -> None:
        """A stencil of letters, coloured; ``says`` is what is read aloud, found and copied."""
        self.content.append(f"{_span(says)} {_rgb(colour)} rg")
        self.picture(stencil, x, y, width, height)
        # Unseen letters across the stencil: what a viewer selects, and without which some ignore ActualText.
        scale = 100 * width / text_width("xxxx", REGULAR, height)
        self.content.append(
            f"BT 3 Tr {_n(scale)} Tz /{REGULAR} {_n(height)} Tf {_n(x)} {_n(A4[1] - y - height * 0.8)} Td (xxxx) Tj "
            "100 Tz 0 Tr ET"
        )
        self.content.append("EMC")


class Document:
    """Sheets and what they share; :meth:`render` gives the file."""

    def __init__(self, title: str, when: datetime, language: str) -> None:
        self._title = title
        self._when = when.astimezone(UTC)
        self._language = language
        self._pictures: list[bytes] = []
        self._known: dict[bytes, Picture] = {}
        self.pages: list[Page] = []

    def page(self) -> Page:
        self.pages.append(Page())
        return self.pages[-1]

    def jpeg(self, data: bytes, width: int, height: int) -> Picture:
        """A baseline RGB JPEG, stored as it is."""
        head = f"/Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
        return self._image(head, data, width, height)

    def stencil(self, rows: bytes, width: int, height: int) -> Picture:
        """One bit for each pixel, rows padded to bytes; 1 is painted."""
        head = f"/Width {width} /Height {height} /ImageMask true /BitsPerComponent 1 /Decode [1 0] /Filter /FlateDecode"
        return self._image(head, zlib.compress(rows, 9), width, height)

    def _image(self, head: str, data: bytes, width: int, height: int) -> Picture:
        body = (
            f"<</Type /XObject /Subtype /Image {head} /Length {len(data)}>>\nstream\n".encode() + data + b"\nendstream"
        )
        key = hashlib.sha256(body).digest()
        if key not in self._known:
            self._pictures.append(body)
            self._known[key] = Picture(len(self._pictures), width, height)
        return self._known[key]

    @property
    def picture_bytes(self) -> int:
        """What the pictures take so far."""
        return sum(map(len, self._pictures))

    def render(self) -> bytes:
        first_picture = 4 + len(_BASE_FONTS)
        first_page = first_picture + len(self._pictures)
        fonts = " ".join(f"/{name} {4 + index} 0 R" for index, name in enumerate(_BASE_FONTS))
        kids = " ".join(f"{first_page + 2 * index} 0 R" for index in range(len(self.pages)))
        language = _literal(self._language.encode("ascii", "replace"))
        objects: list[bytes] = [
            f"<</Type /Catalog /Pages 2 0 R /Lang {language} /ViewerPreferences <</DisplayDocTitle true>>>>".encode(),
            f"<</Type /Pages /Kids [{kids}] /Count {len(self.pages)}>>".encode(),
            f"<</Title <FEFF{self._title.encode('utf-16-be', 'surrogatepass').hex().upper()}> "
            f"/CreationDate (D:{self._when:%Y%m%d%H%M%S}Z)>>".encode(),
        ]
        objects += [
            f"<</Type /Font /Subtype /Type1 /BaseFont /{base} /Encoding /WinAnsiEncoding>>".encode()
            for base in _BASE_FONTS.values()
        ]
        objects += self._pictures
        for index, page in enumerate(self.pages):
            used = " ".join(f"/I{number} {first_picture + number - 1} 0 R" for number in sorted(page.pictures))
            shared = f"<</Font <<{fonts}>> /XObject <<{used}>>>>"
            objects.append(
                f"<</Type /Page /Parent 2 0 R /MediaBox [0 0 {_n(A4[0])} {_n(A4[1])}] /Resources {shared} "
                f"/Contents {first_page + 2 * index + 1} 0 R>>".encode()
            )
            content = zlib.compress("\n".join(page.content).encode("latin-1"), 9)
            objects.append(
                f"<</Length {len(content)} /Filter /FlateDecode>>\nstream\n".encode() + content + b"\nendstream"
            )
        return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    identity = hashlib.sha256(out).hexdigest()[:32]
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += f"trailer\n<</Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R /ID [<{identity}> <{identity}>]>>\n".encode()
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start


def _span(says: str) -> str:
    return f"/Span <</ActualText <FEFF{says.encode('utf-16-be', 'surrogatepass').hex().upper()}>>> BDC"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _rgb(colour: Colour) -> str:
    return " ".join(_n(channel) for channel in colour)


def _literal(data: bytes) -> str:
    return "(" + "".join(chr(b) if b not in b"()\\" and 32 <= b < 127 else f"\\{b:03o}" for b in data) + ")"
