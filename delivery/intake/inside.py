"""What lies in a zip, looked at by the same readers as if it lay on disk: pictures, documents, sound and video.

One level deep, in memory, and within bounds that all archives of a delivery share, so that a large one costs seconds.
Small files come first; of what is too large to be unpacked whole the beginning is looked at, where cameras write.
"""

from __future__ import annotations

from time import thread_time

from delivery.intake.assets import KnownPaths
from delivery.intake.junk import junk_reason
from delivery.intake.look import look
from delivery.intake.names import extension
from delivery.intake.observation import Fact, Inside, Seen
from delivery.intake.readers import formats, office, zips
from delivery.intake.readers.view import Exhausted, View
from delivery.intake.types import closer_type, plain_type
from delivery.progress import CancelToken

_MOST = 500
_LARGEST = 32 * 1024**2
_BEGINNING = 256 * 1024
_OF_ONE_ARCHIVE = 256 * 1024**2
_OF_ALL_ARCHIVES = 2 * 1024**3
_SECONDS_OF_ONE = 15.0
_SECONDS_OF_ALL = 60.0
"""Of a processor. Honest archives stay far below: a few milliseconds for each file."""
_FORMATS = (
    *("png", "jpeg", "gif", "webp", "bmp", "tiff", "heif", "psd", "pdf", "postscript", "rtf"),
    *("mp4", "matroska", "avi", "wav", "flac", "ogg", "mp3", "midi", "iff"),
)
_ENDINGS = office.DOCUMENTS.union(
    ("doc", "xls", "ppt", "epub", "svg"),
    (ending for ending, promised in formats.PROMISES.items() if promised.intersection(_FORMATS)),
)
"""Of work. What programs, websites and fonts are made of besides would only cost time."""
_UNSAFE = frozenset({Seen.HOSTILE, Seen.DAMAGED})
_DAMAGED = Fact(Seen.DAMAGED, "what the archive holds of it does not unpack")


class Lookout:
    """Looks into the zips of one delivery."""

    def __init__(self, *, whole: bool, cancel: CancelToken) -> None:
        self._whole, self._cancel = whole, cancel
        self._left, self._seconds = _OF_ALL_ARCHIVES, _SECONDS_OF_ALL

    def look_inside(self, view: View) -> None:
        """Adds to ``view.inside``, and a note on what was not looked into. Raises Cancelled."""
        if any(fact.kind in _UNSAFE for fact in view.facts):
            return
        works = [member for member in view.zipped if _is_work(member.name)]
        nested = max(0, sum(map(_is_work, view.members)) - len(works))
        works = [member for member in works if member.size and not member.encrypted and not member.is_link]
        begun = thread_time()
        looked_at, partly = self._each(view, [member for member in works if member.method in (0, 8)][:_MOST])
        self._seconds -= thread_time() - begun
        count = len(works) + nested
        if count > looked_at or partly:
            view.note(Seen.UNSEEN, _told(count, count - looked_at, partly))

    def _each(self, view: View, works: list[zips.Member]) -> tuple[int, int]:
        """How many were looked at, and how many of them in part only."""
        left, looked_at, partly = min(_OF_ONE_ARCHIVE, self._left), 0, 0
        names, same = KnownPaths(lambda: view.members), dict[tuple[Fact, ...], tuple[Fact, ...]]()
        found: dict[int, Inside] = {}
        end = thread_time() + min(_SECONDS_OF_ONE, self._seconds)
        order = sorted(range(len(works)), key=lambda number: works[number].size)
        for number in order:
            self._cancel.check()
            beginnings = _BEGINNING * (len(order) - looked_at - 1)
            most = min(_LARGEST, max(left - beginnings, min(left, _BEGINNING)))
            if most < min(works[number].size, _BEGINNING) or thread_time() > end:
                break
            told, cost = self._look(view, works[number], most)
            left, self._left = left - cost, self._left - cost
            looked_at += 1
            facts = [fact for fact in told.facts if fact.kind is not Seen.UNSEEN]
            partly += len(facts) < len(told.facts)
            if kept := tuple(names.without_delivered(facts, told.name)):
                found[number] = told._replace(facts=same.setdefault(kept, kept))
        view.inside += (found[number] for number in sorted(found))
        return looked_at, partly

    def _look(self, archive: View, member: zips.Member, most: int) -> tuple[Inside, int]:
        """What one of its files tells, and what that cost of the bounds."""
        told = Inside(member.name, member.size, "", (_DAMAGED,))
        if member.size > most:
            most = min(most, _BEGINNING)
        held = _Unpacking(archive, member, most)
        if member.method:
            inner = View(held.read, member.size, name=member.name)
        else:
            start = zips.data_offset(archive.part(0, archive.size), member)
            if start is None or member.size != member.packed:
                return told, 0
            inner = archive.part(start, member.size, name=member.name, budget=most)
        look(inner, whole=self._whole)
        if not held.broken:
            told = told._replace(facts=tuple(inner.facts))
            if Fact(Seen.FORMAT, "") in told.facts:
                kind = plain_type(member.name, inner.head) or closer_type(member.name, inner.head)
                told = told._replace(media_type=kind)
        return told, max(held.size, inner.spent)


class _Unpacking:
    """The bytes of a deflated file, unpacked as far as somebody reads them and no further than ``most``."""

    def __init__(self, archive: View, member: zips.Member, most: int) -> None:
        self._pieces = zips.pieces(archive.part(0, archive.size), member, most)
        self._most = most
        self._held = bytearray()
        self.broken = False

    def read(self, offset: int, count: int) -> bytes:
        end = offset + count
        if end > self._most:
            raise Exhausted
        while len(self._held) < end and not self.broken:
            piece = next(self._pieces, b"")
            self._held += piece
            self.broken = not piece
        with memoryview(self._held) as held:
            return bytes(held[offset:end])

    @property
    def size(self) -> int:
        return len(self._held)


def _is_work(name: str) -> bool:
    if extension(name) not in _ENDINGS:
        return False
    *folders, file = name.split("/")
    return not (junk_reason(file, False) or any(junk_reason(folder, True) for folder in folders))


def _told(count: int, missed: int, partly: int) -> str:
    told = [f"not looked at: {missed:,}"] if missed else []
    told += [f"looked at only in part: {partly:,}"] if partly else []
    told[0] += f" of {count:,} pictures, documents and the like in it"
    return "; ".join(told)
