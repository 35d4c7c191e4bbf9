"""A large PNG made small band by band, in little memory.

Pillow decodes a PNG whole. But its rows come one after the other and lean on nothing except the row above, so a band of
rows with the row above it is a PNG of its own, which Pillow decodes at its full speed.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from delivery.pictures import png_chunk

if TYPE_CHECKING:
    from PIL.Image import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_BAND_BYTES = 6_000_000
_READ = 256 * 1024


def shrink(stream: IO[bytes], box: int) -> Image | None:
    """About twice ``box`` pixels on its longer side; None for what is interlaced, not eight bits deep or cut short."""
    from PIL import Image

    if stream.read(8) != _SIGNATURE:
        return None
    chunks = _chunks(stream)
    kind, header = next(chunks)
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if kind != b"IHDR" or depth != 8 or interlaced or colour not in _CHANNELS:
        return None
    kept = b""
    pixels = _Inflated(chunks)
    for kind, data in pixels.before():
        if kind in {b"PLTE", b"tRNS"}:
            kept += png_chunk(kind, data)
    stride = width * _CHANNELS[colour]
    factor = max(1, max(width, height) // (2 * box))
    rows = max(1, _BAND_BYTES // (stride + 1) // factor) * factor
    small: Image.Image | None = None
    above = bytes(stride)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        filtered = pixels.read(count * (stride + 1))
        if filtered is None:
            return None
        head = struct.pack(">IIBBBBB", width, count + 1, depth, colour, 0, 0, 0)
        body = zlib.compress(b"\0" + above + filtered, 0)
        alone = _SIGNATURE + png_chunk(b"IHDR", head) + kept + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")
        with Image.open(io.BytesIO(alone), formats=("PNG",)) as band:
            band.load()
            above = band.crop((0, count, width, count + 1)).tobytes()
            piece = _reduced(band.crop((0, 1, width, count + 1)), factor, "transparency" in band.info)
        if small is None:
            small = Image.new(piece.mode, (piece.width, -(-height // factor)))
        small.paste(piece, (0, top // factor))
    return small


def _reduced(band: Image, factor: int, see_through: bool) -> Image:
    """Averaged; see-through pixels count as much as they show."""
    if band.mode == "P":
        band = band.convert("RGBA" if see_through else "RGB")
    if band.mode in {"RGBA", "LA"}:
        return band.convert("RGBA").convert("RGBa").reduce(factor).convert("RGBA")
    return band.reduce(factor)


class _Inflated:
    """The rows of a PNG, inflated no further than they are asked for."""

    def __init__(self, chunks: Iterator[tuple[bytes, bytes]]) -> None:
        self._chunks = chunks
        self._inflate = zlib.decompressobj()
        self._waiting = b""

    def before(self) -> Iterator[tuple[bytes, bytes]]:
        """The chunks before the first row."""
        for kind, data in self._chunks:
            if kind == b"IDAT":
                self._waiting = data
                return
            yield kind, data

    def read(self, size: int) -> bytes | None:
        """Exactly ``size`` bytes, or None where the file ends before."""
        out = bytearray()
        while len(out) < size:
            if not self._waiting:
                kind, self._waiting = next(self._chunks, (b"", b""))
                if kind != b"IDAT":
                    return None
            out += self._inflate.decompress(self._waiting, size - len(out))
            self._waiting = self._inflate.unconsumed_tail
        return bytes(out)


def _chunks(stream: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content; a long run of pixels in pieces."""
    while len(head := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        while length > 0 or kind != b"IDAT":
            piece = stream.read(min(length, _READ) if kind == b"IDAT" else min(length, 4 * _READ))
            yield kind, piece
            length -= len(piece)
            if kind != b"IDAT" or not piece:
                break
        stream.seek(max(length, 0) + 4, 1)
