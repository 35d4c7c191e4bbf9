"""Pictures opened without Pillow's limit of pixels, the whole process's to set, by who has one; and PNG chunks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG, with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@contextmanager
def opened(path: str, formats: Sequence[str]) -> Iterator[ImageFile]:
    """As ``Image.open`` opens it, with the same errors, of any size. Formats that this Pillow lacks are left out."""
    from PIL import Image

    Image.init()
    with open(path, "rb") as stream, _first(stream, path, formats) as picture:
        yield picture


def _first(stream: BinaryIO, path: str, formats: Sequence[str]) -> ImageFile:
    from PIL import Image, UnidentifiedImageError

    start = stream.read(16)
    for factory, accept in (Image.OPEN[name] for name in formats if name in Image.OPEN):
        with suppress(SyntaxError, IndexError, TypeError, struct.error):
            if accept is None or accept(start) is True:
                stream.seek(0)
                return factory(stream, path)
    raise UnidentifiedImageError(f"no picture of a format that is read here: {path}")
