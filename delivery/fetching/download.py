"""One file on its way: its pieces, what is there of it, and its digest, close behind the bytes that arrive."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from delivery.buffers import Buffers
from delivery.errors import IntegrityError, StoreUnreachableError
from delivery.escape import printable
from delivery.fetching.client import Client, Content, content_of, replaced
from delivery.fetching.meter import Meter
from delivery.fetching.piece import Piece
from delivery.fetching.progressed import Ranges, Record
from delivery.fetching.target import Target
from delivery.packing.crew import Crew
from delivery.packing.trailing import TrailingDigest
from delivery.progress import Progress, Task
from delivery.storage import faults
from delivery.storage.retry import Failed, persist
from delivery.storage.stream import Stream
from delivery.storage.watch import Watch
from delivery.units import format_size

MIB = 1024**2
_LEAST_PIECE = 8 * MIB
_MOST_PIECE = 32 * MIB
_PIECES = 128
"""In so many a file is cut, where that is within the bounds: small ones keep the digest close behind."""
_NOTED = 8 * MIB
"""After so many bytes the record is written on."""
_WORTH = 256 * 1024
"""A try that brought so much has not failed: the next one has the whole budget again."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file to download."""

    name: str
    size: int
    sha256: str | None
    """None: nobody says what it should be."""
    key: str
    """Names its unfinished form, the same in each run."""
    url: str = field(repr=False)
    whole: bool = False
    """It comes in one stream or not at all: nothing would tell a later piece from another object's."""


class Download:
    """Safe to use from several threads: each takes a piece, brings it and says that it is done."""

    def __init__(
        self,
        item: Item,
        folder: Path,
        *,
        client: Client,
        task: Task,
        progress: Progress,
        crew: Crew,
        meter: Meter,
        buffers: Buffers,
    ) -> None:
        self.item = item
        self.path = folder / f"{item.key}.part"
        self.sha256 = ""
        """What was received, once :meth:`finish` has said that it is whole."""
        self._client, self._task, self._progress, self._crew, self._meter = client, task, progress, crew, meter
        self._buffers = buffers
        self._lock = threading.Lock()
        self._record = Record(folder / f"{item.key}.done", self.path if item.sha256 is None else None)
        self._span = item.size if item.whole else min(max(item.size // _PIECES, _LEAST_PIECE), _MOST_PIECE)
        self._in_one = item.whole
        """A broken stream cannot be gone on with: it begins again."""
        self._version: tuple[str, str] | None = None
        self._ranges = Ranges()
        self._under_way = 0
        self._pieces: deque[Piece] = deque()
        kept = self._record.read(item.size) if item.size > self._span else None
        self._resumed = kept is not None and self.path.is_file() and self.path.stat().st_size == item.size
        if kept is not None and self._resumed:
            self._kept_version, self._ranges = kept
            self._record.go_on()
            here = f"{format_size(self._ranges.size)} of {format_size(item.size)}"
            progress.note(f"{self._shown}: {here} are here already")
            task.advance(self._ranges.size)
        self._target = Target(self.path, item.size, again=self._resumed)
        self._digest = TrailingDigest(self.path, crew)
        self._divide()
        self._follow()

    # -- pieces ------------------------------------------------------------------------------------------------

    def take(self) -> Piece | None:
        """The next piece, or None. Only one is given out until the server has shown what it is that it has."""
        with self._lock:
            if not self._pieces or (self._version is None and self._under_way):
                return None
            self._under_way += 1
            return self._pieces.popleft()

    def bring(self, piece: Piece, block: memoryview, watch: Watch) -> bool:
        """Download ``piece``, going on where a connection breaks; whether nothing more of the file is missing."""
        if not self._digest.turn_of(piece.at):  # else it is hashed as it comes
            piece.buffer = self._buffers.take(self._span)
        try:
            while piece.at < piece.end:
                persist(lambda: self._try(piece, block), watch)
        finally:
            if piece.buffer is not None:
                self._buffers.give(piece.buffer)
        self._digest.catch_up()
        with self._lock:
            self._under_way -= 1
            return not self._under_way and not self._pieces

    def finish(self) -> bool:
        """Whether the file is here as it was sent; False where a resumed one was not and is begun anew.

        Raises IntegrityError, and then nothing of it is kept.
        """
        with self._lock:
            digest = self._close()
            if self.item.sha256 in (None, digest):
                self.sha256 = digest
                return True
            if self._resumed:
                self._progress.note(f"{self._shown}: what was here of it does not fit; it is downloaded anew")
                self._start_over()
                self._divide()
                return False
        self.discard()
        raise IntegrityError(
            f"{self._shown} is not what was sent: its SHA-256 is another", hint="ask whoever sent it to send it again"
        )

    @property
    def modified(self) -> str:
        """The time of the object that came, as its server wrote it; empty where it told none."""
        return self._version[1] if self._version else ""

    def discard(self) -> None:
        self._record.remove()
        self.path.unlink(missing_ok=True)

    def release(self) -> None:
        """Let go of the files after a failure; what the next run can go on with stays."""
        self._digest.close()
        self._target.close()
        self._record.close()
        if not self._ranges.size or self.item.size <= self._span:
            self.discard()

    # -- one try -----------------------------------------------------------------------------------------------

    def _try(self, piece: Piece, block: memoryview) -> None:
        begun_at = piece.at
        try:
            with self._client.open(self.item.url, self._shown, self._asking(piece)) as answer:
                if self._accept(answer, piece):
                    begun_at = piece.at
                    self._receive(answer, piece, block)
        except Failed:
            if self._in_one:
                self._forget()
                piece.begin(0, piece.end)
                raise
            if piece.at - begun_at < _WORTH:
                raise

    def _asking(self, piece: Piece) -> dict[str, str]:
        headers = {"Range": f"bytes={piece.at}-{piece.end - 1}"}
        etag = self._version[0] if self._version else ""
        return {**headers, "If-Match": etag} if etag.startswith('"') else headers

    def _accept(self, answer: Stream, piece: Piece) -> bool:
        """Whether the body is to be read. The first answer settles which object this is; any other ends the work."""
        content = content_of(answer)
        if content.total is not None and content.total != self.item.size:
            if self._version is not None:
                raise replaced(self._shown)
            raise IntegrityError(
                f"{self._shown} is not what was sent: {content.total:,} bytes instead of {self.item.size:,}",
                hint="ask whoever sent it to send it again",
            )
        with self._lock:
            if self._version is None:
                return self._begin(content, piece)
        if content.version != self._version:
            raise replaced(self._shown)
        if content.start is None and self._in_one:
            return True
        if content.start != piece.at or content.end > piece.end:
            error = StoreUnreachableError(
                f"downloading {self._shown}: the server sent other bytes than were asked for",
                hint="run the same command again: it goes on where it stopped",
            )
            raise Failed(faults.lost("other bytes"), error)
        return True

    def _begin(self, content: Content, piece: Piece) -> bool:
        if self._resumed and content.version != self._kept_version:
            self._progress.note(f"{self._shown}: another object is there now; it is downloaded anew")
            self._start_over()
            self._divide()
            first = self._pieces.popleft()
            piece.begin(first.at, first.end)
            return False
        if content.start is None:
            self._in_one = True
            self._forget()
            piece.begin(0, self.item.size)
            self._pieces.clear()
        elif content.start != piece.at or content.end > piece.end:
            raise IntegrityError(
                f"{self._shown}: the server sends other bytes than were asked for", hint="try again later"
            )
        if not self._resumed and self.item.size > self._span:
            self._record.begin(self.item.size, content.version)
        self._version = content.version
        return True

    def _receive(self, answer: Stream, piece: Piece, block: memoryview) -> None:
        noted = piece.at
        try:
            while piece.at < piece.end:
                view = piece.room(block)
                count = answer.readinto(view)
                if not count:
                    raise ConnectionResetError
                self._target.write(view[:count], piece.at)
                self._digest.take(view[:count], piece.at)
                piece.at += count
                self._task.advance(count)
                self._meter.add(count)
                if piece.at - noted >= _NOTED and piece.at < piece.end:
                    self._note(noted, piece.at)
                    noted = piece.at
                    self._digest.catch_up()
            self._lend(piece)
        finally:
            self._note(noted, piece.at)

    def _lend(self, piece: Piece) -> None:
        """Before it is noted, upon which it is hashed, perhaps at once."""
        kept, buffer = piece.kept(), piece.buffer
        if kept is not None and buffer is not None:
            piece.buffer = None
            self._digest.lend(kept, piece.start, lambda: self._buffers.give(buffer))

    def _note(self, start: int, end: int) -> None:
        with self._lock:
            self._ranges.add(start, end)
            self._record.note(start, end)
            self._follow()

    def _follow(self) -> None:
        if self._digest.is_due(self._ranges.front):
            self._digest.follow(self._ranges.front)

    # -- beginning, again --------------------------------------------------------------------------------------

    def _divide(self) -> None:
        self._pieces = deque(
            Piece(at, min(at + self._span, end))
            for start, end in self._ranges.missing(self.item.size)
            for at in range(start, end, self._span)
        ) or deque([Piece(self.item.size, self.item.size)])

    def _forget(self) -> None:
        """All of the file is missing again."""
        self._task.advance(-self._ranges.size)
        self._ranges = Ranges()
        self._digest.close()
        self._digest = TrailingDigest(self.path, self._crew)

    def _start_over(self) -> None:
        self._forget()
        self._record.remove()
        self._resumed = False
        self._version = None
        self._target.close()
        self._target = Target(self.path, self.item.size, again=False)

    def _close(self) -> str:
        self._digest.follow(self.item.size)
        digest = self._digest.hexdigest()
        self._digest.close()
        self._target.close()
        self._record.close()
        return digest

    @property
    def _shown(self) -> str:
        return printable(self.item.name)
