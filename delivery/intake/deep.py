"""The whole of a file decoded, for ``--deep``: pictures, archives, PDFs, video and sound, each by the program for it.

Slow and thorough where the readers are quick: it finds flipped bits in the middle that no framing shows. A format whose
library is not installed is said to be not looked into, never silently passed.
"""

from __future__ import annotations

import bz2
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable
from importlib.util import find_spec

from delivery.intake.codecs import DECODE_ERRORS, pdf_errors
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers.zips import BOMB_RATIO, BOMB_SIZE
from delivery.pictures import opened
from delivery.progress import CancelToken

_BLOCK = 1024**2
_PICTURES = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "ICO", "CUR")
_MOST_PIXELS = 1_000_000_000
_TOO_LARGE = Fact(Seen.UNSEEN, "it has more pixels than are decoded here")
Decoder = Callable[[str, CancelToken], Fact | None]


def decode(path: str, found: str, cancel: CancelToken) -> Fact | None:
    """What a full reading of the file at ``path``, of format ``found``, says; None when all is well or it is not known.

    Raises Cancelled. Memory stays bounded but for one picture's pixels.
    """
    decoder = _DECODERS.get(found)
    return decoder(path, cancel) if decoder else None


def _picture(path: str, cancel: CancelToken) -> Fact | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with opened(path, _PICTURES) as picture:
            for frame in range(getattr(picture, "n_frames", 1)):
                cancel.check()
                picture.seek(frame)
                if picture.width * picture.height > _MOST_PIXELS:
                    return _TOO_LARGE
                picture.load()
    except Image.DecompressionBombError:  # of some formats Pillow asks for its own limit once more
        return _TOO_LARGE
    except UnidentifiedImageError:
        return None
    except Warning as warning:  # where the program that calls makes errors of warnings
        return Fact(Seen.UNSEEN, f"it was not decoded: {_short(warning)}")
    except DECODE_ERRORS as error:
        return Fact(Seen.DAMAGED, f"it does not decode: {_short(error)}")
    return None


def _zip(path: str, cancel: CancelToken) -> Fact | None:
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
            if total > BOMB_SIZE and total > os.path.getsize(path) * BOMB_RATIO:
                return None
            for info in archive.infolist():
                if info.flag_bits & 1 or info.filename.endswith("/"):
                    continue
                with archive.open(info) as member:
                    while member.read(_BLOCK):
                        cancel.check()
    except NotImplementedError:
        return Fact(Seen.UNSEEN, "it is packed by a method that cannot be unpacked here")
    except DECODE_ERRORS as error:
        return Fact(Seen.DAMAGED, f"it does not unpack: {_short(error)}")
    return None


def _stream(make: Callable[[], zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor]) -> Decoder:
    """gzip, bzip2 and xz: to the end, members one after the other, output thrown away."""

    def run(path: str, cancel: CancelToken) -> Fact | None:
        unpack, data = make(), b""
        try:
            with open(path, "rb") as stream:
                while data := data or stream.read(_BLOCK):
                    cancel.check()
                    if unpack.eof:
                        data = data.lstrip(b"\0")
                        if not data:
                            continue
                        unpack = make()
                    unpack.decompress(data, _BLOCK)
                    while not unpack.eof and not getattr(unpack, "needs_input", True):
                        cancel.check()
                        unpack.decompress(b"", _BLOCK)
                    data = unpack.unused_data or getattr(unpack, "unconsumed_tail", b"")
        except DECODE_ERRORS as error:
            return Fact(Seen.DAMAGED, f"it does not unpack: {_short(error)}")
        return None if unpack.eof else Fact(Seen.DAMAGED, "the file is cut off")

    return run


def _pdf(path: str, cancel: CancelToken) -> Fact | None:
    """Every page's drawing instructions. Pictures inside are left: their filters are too many to judge fairly."""
    import logging

    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        with open(path, "rb") as stream:
            reader = PdfReader(stream, strict=False)
            if reader.is_encrypted:
                return None
            for page in reader.pages:
                cancel.check()
                contents = page.get_contents()
                if contents is not None:
                    contents.get_data()
    except DependencyError:  # it is encrypted, and the library for that is not here
        return None
    except pdf_errors() as error:
        return Fact(Seen.DAMAGED, f"its pages do not decode: {_short(error)}")
    return None


def _media(path: str, cancel: CancelToken) -> Fact | None:
    if find_spec("av") is None:
        return Fact(Seen.UNSEEN, "it was not decoded: install what does that, pip install av")
    try:
        import av.error

        from delivery import films
    except ImportError as error:  # as on a Windows without the system's media libraries
        return Fact(Seen.UNSEEN, f"it was not decoded: the extra for that does not load here, {_short(error)}")

    try:
        with films.opened(path) as container:
            streams = [stream for stream in container.streams if stream.type in ("video", "audio")]
            if not streams:
                return Fact(Seen.DAMAGED, "it holds neither pictures nor sound")
            for packet in container.demux(streams):
                cancel.check()
                for frame in packet.decode():
                    if getattr(frame, "is_corrupt", False):
                        return Fact(Seen.DAMAGED, "some of its pictures are damaged")
    except av.error.FFmpegError as error:
        return Fact(Seen.DAMAGED, f"it does not decode: {_short(error)}")
    return None


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


_DECODERS: dict[str, Decoder] = {
    **dict.fromkeys(("png", "jpeg", "gif", "webp", "bmp", "tiff", "ico"), _picture),
    **dict.fromkeys(("mp4", "matroska", "avi", "asf", "flv", "wav", "flac", "ogg", "mp3"), _media),
    "zip": _zip,
    "pdf": _pdf,
    "gzip": _stream(lambda: zlib.decompressobj(31)),
    "bzip2": _stream(bz2.BZ2Decompressor),
    "xz": _stream(lzma.LZMADecompressor),
}
