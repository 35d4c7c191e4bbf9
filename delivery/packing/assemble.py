"""The second pass: zips put together from the spool and from large files that are stored."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from delivery.crc import crc32
from delivery.errors import PackingError
from delivery.escape import printable
from delivery.intake.source import BLOCK
from delivery.model import Part
from delivery.packing.crew import Crew
from delivery.packing.direct import reserve
from delivery.packing.flusher import Flusher
from delivery.packing.read_ahead import ReadAhead
from delivery.packing.spool import Spool
from delivery.packing.trailing import TrailingDigest
from delivery.packing.trouble import writing
from delivery.packing.zipfile_form import central_header, end_record, local_header
from delivery.planning.sizes import ARCHIVE_MAX, END, MEMBERS_MAX, header_bytes
from delivery.progress import Task

_AS_LINK = "run the same command again, or send it as a link: --via link"


def assemble(
    part: Part, path: Path, spool: Spool, places: Mapping[str, int], crew: Crew, task: Task, *, lasting: bool
) -> tuple[int, str]:
    """Write the archive of ``part`` at ``path``; its size and SHA-256. ``places`` says where an arcname is spooled.

    One that is not ``lasting`` is neither flushed nor hashed (the digest is empty): what sends it reads and hashes it.
    """
    size = END + sum(header_bytes(e.arcname) + spool.packed[places[e.arcname]] for e in part.members)
    if size > min(part.size, ARCHIVE_MAX) or len(part.members) > MEMBERS_MAX:
        raise PackingError(
            f"{printable(part.filename)} would be {size:,} bytes, more than the {part.size:,} planned", hint=_AS_LINK
        )
    with ExitStack() as held:
        held.enter_context(writing(path))
        out = held.enter_context(path.open("wb", buffering=BLOCK))
        flusher = held.enter_context(Flusher(path)) if lasting else None
        digest = held.enter_context(TrailingDigest(path, crew)) if lasting else None
        reserve(out.fileno(), size)
        writer = _Writer(out, spool, flusher, digest, crew, task)
        for stretch in spool.stretches(places[entry.arcname] for entry in part.members):
            crew.check()
            writer.add(stretch)
        written = writer.finish()
        if written != size:
            raise PackingError(
                f"{printable(part.filename)} became {written:,} bytes instead of {size:,}", hint=_AS_LINK
            )
        if lasting:
            os.fsync(out.fileno())
        return size, digest.hexdigest() if digest else ""


class _Writer:
    """One zip being written."""

    def __init__(
        self,
        out: BinaryIO,
        spool: Spool,
        flusher: Flusher | None,
        digest: TrailingDigest | None,
        crew: Crew,
        task: Task,
    ) -> None:
        self._out = out
        self._spool = spool
        self._flusher = flusher
        self._digest = digest
        self._crew = crew
        self._task = task
        self._central = bytearray()
        self._count = 0
        self._at = 0

    def add(self, stretch: Sequence[int]) -> None:
        """Files that lie side by side in the spool, or one file alone."""
        first, last = stretch[0], stretch[-1]
        start = self._at
        if not self._spool.is_spooled(first):
            self._store(first)
        else:
            if not self._spool.has_header(first):
                self._write(local_header(self._spool.member(first)))
            for block in self._spool.blocks(first, last):
                self._write(block)
        for place in stretch:
            self._central += central_header(self._spool.member(place), start + self._spool.offset(place, first))
        self._count += len(stretch)
        if self._digest and self._digest.is_due(self._at):
            self._out.flush()
            self._digest.follow(self._at)

    def finish(self) -> int:
        """The size of the whole zip, all of it handed to the system."""
        start = self._at
        self._write(self._central)
        self._write(end_record(self._count, len(self._central), start))
        self._out.flush()
        if self._digest:
            self._digest.follow(self._at)
        return self._at

    def _store(self, place: int) -> None:
        """Straight from the source; its checksum is known only after its last byte, so the header is written again."""
        start = self._at
        self._write(local_header(self._spool.member(place)))
        crc = 0
        with ReadAhead(self._spool.entries[place], self._crew, self._task) as source:
            for block in source:
                crc = crc32(block, crc)
                self._write(block)
        self._spool.set_read(place, source.sha256, crc)
        self._out.seek(start)
        self._out.write(local_header(self._spool.member(place)))
        self._out.seek(self._at)

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        self._out.write(data)
        self._at += len(data)
        if self._flusher:
            self._flusher.wrote(self._out, len(data))
