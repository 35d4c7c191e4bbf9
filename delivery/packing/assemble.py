"""The second pass: zips put together from the spool and from large files that are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from delivery.errors import PackingError
from delivery.escape import printable
from delivery.intake.source import BLOCK, Source
from delivery.model import FileEntry, Part
from delivery.packing import deflate
from delivery.packing.crew import Crew
from delivery.packing.spool import Spool
from delivery.packing.trouble import writing
from delivery.packing.workspace import flush_to_disk
from delivery.packing.zipfile_form import Member, central_header, end_record, local_header
from delivery.planning.sizes import ARCHIVE_MAX, MEMBERS_MAX
from delivery.progress import Task


def assemble(
    part: Part, path: Path, spool: Spool, places: Mapping[str, int], crew: Crew, task: Task
) -> tuple[int, str]:
    """Write the archive of ``part`` at ``path``; its size and SHA-256. ``places`` says where an arcname is spooled."""
    with writing(path):
        with path.open("w+b", buffering=BLOCK) as out:
            central = bytearray()
            for entry in part.members:
                crew.check()
                central += _add(entry, places[entry.arcname], out, spool, crew, task)
            offset = out.tell()
            out.write(central)
            out.write(end_record(len(part.members), len(central), offset))
            size = out.tell()
            if size > min(part.size, ARCHIVE_MAX) or len(part.members) > MEMBERS_MAX:
                raise PackingError(
                    f"{printable(part.filename)} became {size:,} bytes, more than planned: {part.size:,}"
                )
            flush_to_disk(out)
            return size, _digest(out, crew)


def _add(entry: FileEntry, place: int, out: BinaryIO, spool: Spool, crew: Crew, task: Task) -> bytes:
    """Append one member; its record for the central directory."""
    offset = out.tell()
    if spool.is_spooled(place):
        member = _member(entry, place, spool)
        out.write(local_header(member))
        for packed in spool.blocks(place):
            out.write(packed)
        return central_header(member, offset)
    out.write(local_header(_member(entry, place, spool)))
    crc = 0
    buffer = memoryview(bytearray(BLOCK))
    with Source(entry) as source:
        while count := source.readinto(buffer):
            crew.check()
            block = buffer[:count]
            crc = deflate.crc32(block, crc)
            out.write(block)
            task.advance(count)
        spool.set_read(place, source.sha256, crc)
    member = _member(entry, place, spool)
    end = out.tell()
    out.seek(offset)
    out.write(local_header(member))
    out.seek(end)
    return central_header(member, offset)


def _member(entry: FileEntry, place: int, spool: Spool) -> Member:
    return Member(
        name=entry.arcname.encode(),
        mtime=entry.mtime_ns // 10**9,
        mode=entry.mode,
        method=spool.methods[place],
        crc=spool.crcs[place],
        packed=spool.packed[place],
        size=entry.size,
    )


def _digest(out: BinaryIO, crew: Crew) -> str:
    """Read back from the disk's cache: the first header was not known before the last byte of its member."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(BLOCK))
    out.seek(0)
    while count := out.readinto(buffer):  # type: ignore[attr-defined]
        crew.check()
        digest.update(buffer[:count])
    return digest.hexdigest()
