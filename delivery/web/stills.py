"""Pictures of what is not one: the first page of a PDF, a frame of a video. None without the ``media`` extra."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 40_000_000
_SECONDS_IN = 3.0
_FRAMES_TRIED = 240


def pdf_page(path: str | Path, box: int) -> Image | None:
    """The first page, at most ``box`` pixels wide and high."""
    try:
        import pypdfium2
    except ImportError:
        return None
    try:
        document = pypdfium2.PdfDocument(str(path))
    except (pypdfium2.PdfiumError, OSError):
        return None
    try:
        if len(document) < 1:
            return None
        page = document[0]
        width, height = page.get_size()
        if not (0 < width < 100_000 and 0 < height < 100_000):
            return None
        bitmap = page.render(scale=min(4.0, box / max(width, height)), draw_annots=False, may_draw_forms=False)
        picture: Image = bitmap.to_pil().copy()
        return picture
    except (pypdfium2.PdfiumError, ValueError, OSError, MemoryError):
        return None
    finally:
        document.close()


def video_frame(path: str | Path, box: int) -> Image | None:
    """A frame from a few seconds in, where films have left black; turned as the file says, at most ``box`` pixels."""
    try:
        from av.error import FFmpegError

        from delivery import films
    except ImportError:
        return None

    try:
        with films.opened(str(path)) as film:
            stream = next((stream for stream in film.streams.video), None)
            if stream is None or not 0 < stream.codec_context.width * stream.codec_context.height <= _MOST_PIXELS:
                return None
            stream.thread_type = "NONE"
            if film.duration and film.duration > 2 * _SECONDS_IN * 1_000_000:
                film.seek(int(_SECONDS_IN * 1_000_000))
            image: Image | None = None
            for frame in itertools.islice(film.decode(stream), _FRAMES_TRIED):
                scale = min(1.0, box / max(frame.width, frame.height))
                size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
                image = frame.reformat(*size, "rgb24").to_image()
                turn = round(frame.rotation / 90) * 90 % 360
                image = image.rotate(turn, expand=True) if turn else image
                if _has_content(image):
                    break
            return image
    except (FFmpegError, ValueError, OSError, MemoryError, TypeError):
        return None


def _has_content(image: Image) -> bool:
    low, high = image.convert("L").getextrema()
    return float(high) - float(low) > 24  # type: ignore[arg-type]
