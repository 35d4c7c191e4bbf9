"""Pictures opened without Pillow's limit of pixels, which is the whole process's to set: who opens one has a limit."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


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
