"""One look inside each file, for the checks. Each file is opened once and read a little, at known places."""

from __future__ import annotations

import importlib
import posixpath
import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache

from delivery.intake.names import extension
from delivery.intake.observation import Fact, Observation, Observations, Seen
from delivery.intake.readers import formats
from delivery.intake.readers.view import Exhausted, View
from delivery.intake.source import opened
from delivery.intake.twins import twins
from delivery.model import Deliverable, FileEntry
from delivery.options import CheckOptions
from delivery.progress import CancelToken, NullProgress, Progress

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

_VOLUME = re.compile(r"[0-9]{3,4}|z[0-9]{2,3}")
"""Extensions of what 7-Zip, WinZip and we cut files into: ``film.mov.001``, ``film.z01``."""
_MOST_NAMES = 150_000
_MOST_TYPES = 100
_MOST_KNOWN = 10_000
_STREAM = Observation((Fact(Seen.UNSEEN, "a stream, sent as it comes: only its name and first bytes were looked at"),))
_CANNOT_DECODE = frozenset({Seen.DAMAGED, Seen.ZEROS, Seen.ENCRYPTED, Seen.HOSTILE})


def observe(
    deliverable: Deliverable,
    *,
    options: CheckOptions | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Observations:
    """What is inside the files, as far as checks need it. Raises LocalError, SourceChangedError and Cancelled."""
    options, cancel = options or CheckOptions(), cancel or CancelToken()
    seen: dict[str, Observation] = {}
    known, keeper = _Known(deliverable), _Keeper()
    with (progress or NullProgress()).task("Looking inside", len(deliverable.entries), "files") as task:
        for number, entry in enumerate(deliverable.entries, start=1):
            if entry.content is not None and not entry.is_empty:
                seen[entry.arcname] = _STREAM
            elif entry.size:
                observation = observe_entry(entry, options, known, cancel)
                if observation is not None:
                    seen[entry.arcname] = keeper.keep(observation)
            if number % 64 == 0:
                cancel.check()
                task.advance(64)
        task.advance(len(deliverable.entries) % 64)
    for entry, other, exact in twins(deliverable, cancel):
        before = seen.get(entry.arcname, Observation())
        seen[entry.arcname] = Observation(
            (*before.facts, Fact(Seen.TWIN, other.arcname, "" if exact else "sampled")), before.members
        )
    return Observations(seen)


class _Keeper:
    """Keeps observations small: equal ones once, and of archives' names no more in all than fit in memory."""

    def __init__(self) -> None:
        self._known: dict[Observation, Observation] = {}
        self._names = _MOST_NAMES

    def keep(self, observation: Observation) -> Observation:
        if observation.members:
            self._names -= len(observation.members)
            if self._names < 0:
                return _by_extension(observation)
            return observation
        if len(self._known) < _MOST_KNOWN:
            return self._known.setdefault(observation, observation)
        return self._known.get(observation, observation)


def _by_extension(observation: Observation) -> Observation:
    """The first name of each extension: enough to tell what a platform refuses."""
    first = {extension(name): name for name in reversed(observation.members)}
    told = Fact(Seen.UNSEEN, "so many archives: of the names inside it, only one of each type was kept")
    return Observation((*observation.facts, told), tuple(first.values())[:_MOST_TYPES])


class _Known:
    """The arcnames that are delivered; made only when a file names another."""

    def __init__(self, deliverable: Deliverable) -> None:
        self._deliverable = deliverable
        self._names: frozenset[str] | None = None

    def has(self, arcname: str, path: str) -> bool:
        if self._names is None:
            self._names = frozenset(_plain(entry.arcname) for entry in self._deliverable.entries)
        return _plain(posixpath.normpath(f"{posixpath.dirname(arcname)}/{path}")) in self._names


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).lower().lstrip("/")


def observe_entry(entry: FileEntry, options: CheckOptions, known: _Known, cancel: CancelToken) -> Observation | None:
    """What one file tells, or None."""
    with opened(entry) as descriptor:
        view = View.of_descriptor(descriptor, entry.size, name=entry.arcname)
        look(view, whole=options.deep)
    whole = not _VOLUME.fullmatch(extension(entry.arcname))
    if options.deep and whole and not any(fact.kind in _CANNOT_DECODE for fact in view.facts):
        from delivery.intake import deep

        fact = deep.decode(entry.path, formats.sniff(view.head), cancel)
        view.facts += [fact] if fact else []
    view.facts = [
        fact for fact in view.facts if fact.kind is not Seen.ASSET or not known.has(entry.arcname, fact.detail)
    ]
    if not view.facts and not view.members:
        return None
    return view.observation


def look(view: View, *, whole: bool = False) -> None:
    """Note what the bytes of ``view`` tell, by content first and name second; ``whole``: texts to their end."""
    if not view.size:
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
        if found in _READERS and _VOLUME.fullmatch(ending):
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
