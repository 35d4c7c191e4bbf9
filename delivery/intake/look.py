"""What one view of bytes tells, whatever it lies in: its format is recognised, and the reader of that asked."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from functools import cache

from delivery.intake.names import extension
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers import formats
from delivery.intake.readers.view import Exhausted, View

Reader = Callable[[View], None]

_READERS = {
    format_name: (module, function)
    for module, function, formats_read in (
        ("archives", "read_zip", "zip"),
        ("archives", "read_7z", "7z"),
        ("archives", "read_rar", "rar"),
        ("tars", "read_tar", "tar"),
        ("tars", "read_gzip", "gzip"),
        ("pictures", "read_png", "png"),
        ("pictures", "read_jpeg", "jpeg"),
        ("pictures", "read_gif", "gif"),
        ("pictures", "read_bmp", "bmp"),
        ("pictures", "read_ico", "ico"),
        ("pictures", "read_tiff", "tiff"),
        ("pictures", "read_psd", "psd"),
        ("pictures", "read_riff", "webp wav avi"),
        ("media", "read_mp4", "heif mp4"),
        ("media", "read_matroska", "matroska"),
        ("media", "read_flac", "flac"),
        ("media", "read_ogg", "ogg"),
        ("media", "read_mp3", "mp3"),
        ("media", "read_iff", "iff"),
        ("media", "read_midi", "midi"),
        ("design", "read_sfnt", "sfnt"),
        ("design", "read_woff", "woff"),
        ("design", "read_blend", "blend"),
        ("design", "read_glb", "glb"),
        ("design", "read_ole", "ole"),
        ("design", "read_sqlite", "sqlite"),
        ("pdf", "read_pdf", "pdf"),
        ("pdf", "read_postscript", "postscript"),
    )
    for format_name in formats_read.split()
}
"""Format -> the module of ``readers`` that reads it, loaded when the first such file is met, and its function."""

VOLUME = re.compile(r"[0-9]{3,4}|z[0-9]{2,3}")
"""Extensions of what 7-Zip, WinZip and we cut files into: ``film.mov.001``, ``film.z01``."""


def look(view: View, *, whole: bool = False) -> None:
    """Note what the bytes of ``view`` tell, by content first and name second; ``whole``: texts to their end."""
    if not view.head:  # empty, or cut short since its size was told
        return
    try:
        if not view.head.strip(b"\0") and _all_zero(view):
            view.note(Seen.ZEROS)
            return
        ending = extension(view.name)
        found = formats.sniff(view.head) or ("zip" if _ends_as_zip(view, ending) else "")
        if found == "mp3" and formats.sniff(view.at(formats.tag_length(view.head), 64)) == "flac":
            found = "flac"
        promised = formats.PROMISES.get(ending)
        if promised is not None and found not in promised and (found or formats.needs_content(ending)):
            view.facts.append(Fact(Seen.FORMAT, sys.intern(found)))
        if found in _READERS and VOLUME.fullmatch(ending):
            view.note(Seen.UNSEEN, "it is one of several volumes and opens only beside the others")
        elif found in _READERS:
            _reader(found)(view)
        elif found in ("", "rtf") and formats.is_text(view.head):
            from delivery.intake.readers import text

            text.read_text(view, deep=whole)
    except Exhausted:
        view.note(Seen.UNSEEN, Exhausted.told)


def _ends_as_zip(view: View, ending: str) -> bool:
    """The last volume of a zip begins anywhere, and so does a zip that something was put in front of."""
    return ending == "zip" and b"PK\x05\x06" in view.tail


@cache
def _reader(found: str) -> Reader:
    module, function = _READERS[found]
    reader: Reader = getattr(importlib.import_module(f"delivery.intake.readers.{module}"), function)
    return reader


def _all_zero(view: View) -> bool:
    """The whole of a small file; of a large one 64 samples, spread evenly, and the end."""
    if view.tail.strip(b"\0"):
        return False
    step = max(len(view.head), view.size // 64)
    return not any(view.at(at, len(view.head)).strip(b"\0") for at in range(0, view.size, step))
