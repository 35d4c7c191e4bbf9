"""Zips unpacked by the manifest's list: exactly its files, each compared with its digest; anything else is refused."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from delivery.errors import IntegrityError
from delivery.escape import printable
from delivery.intake.readers import zips
from delivery.intake.readers.view import Exhausted, View
from delivery.intake.source import BLOCK
from delivery.memory import read_buffer
from delivery.packing.crew import Crew
from delivery.packing.direct import write_all
from delivery.packing.manifest_reader import FileRecord
from delivery.packing.trouble import writing

_LARGEST_NAME = 1024
"""Bytes of the directory for one file, with its name and extra fields."""


def unpack(
    archive: Path, name: str, files: Sequence[FileRecord], wanted: Collection[str], folder: Path, crew: Crew
) -> dict[str, Path]:
    """Write the ``wanted`` of ``files`` into ``folder`` under numbers, and hand back where each path's bytes lie.

    Raises IntegrityError where ``archive``, called ``name``, is not exactly the zip of ``files``, before any is written
    where its directory shows it.
    """
    shown = printable(name)
    with writing(archive), archive.open("rb", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        room = _LARGEST_NAME * len(files) + BLOCK
        view = View.of_descriptor(stream.fileno(), size, budget=2 * room + 64 * len(files), reads=4 * len(files) + 1000)
        members = _members(view, shown, files, room)
        made = {}
        for number, record in enumerate(files):
            if record.path in wanted:
                target = folder / str(number)
                _extract(view, members[record.path], record, target, stream.fileno(), shown, crew)
                made[record.path] = target
        return made


def join(volumes: Sequence[Path], name: str, size: int, sha256: str, target: Path, crew: Crew) -> None:
    """Volumes, each of them right, in their order as the one file that they were cut from. Raises IntegrityError."""
    digest, buffer, count = hashlib.sha256(), read_buffer(BLOCK), 0
    with writing(target), target.open("wb", buffering=0) as out:
        for volume in volumes:
            with volume.open("rb", buffering=0) as stream:
                while length := stream.readinto(buffer):
                    crew.check()
                    digest.update(buffer[:length])
                    write_all(out, buffer[:length])
                    count += length
    if (count, digest.hexdigest()) != (size, sha256):
        raise IntegrityError(f"{printable(name)} joined is not the file that was sent", hint="ask for it again")


def _members(view: View, shown: str, files: Sequence[FileRecord], room: int) -> dict[str, zips.Member]:
    try:
        found = zips.members(view, most=len(files) + 1, largest_directory=room)
    except Exhausted:
        raise _refused(shown, "its directory is far too large") from None
    listed = {record.path: record for record in files}
    members = {member.name: member for member in found}
    extra = next((member.name for member in found if member.name not in listed), None)
    if extra is not None:
        raise _refused(shown, f"it holds {printable(extra)[:200]}, which is not in the manifest")
    if len(members) != len(found):
        raise _refused(shown, "it holds a file twice")
    if view.facts:
        raise _refused(shown, view.facts[0].detail or view.facts[0].kind.value)
    for path, record in listed.items():
        member = members.get(path)
        if member is None or member.size != record.size:
            raise _refused(shown, f"{printable(path)} is {'missing' if member is None else 'of another size'} in it")
        if member.is_link or member.encrypted or member.method not in (0, 8):
            raise _refused(shown, f"{printable(path)} in it is a link, locked, or packed in an unknown way")
    return members


def _extract(
    view: View, member: zips.Member, record: FileRecord, target: Path, descriptor: int, shown: str, crew: Crew
) -> None:
    start = zips.data_offset(view, member)
    if start is None:
        raise _refused(shown, f"the data of {printable(record.path)} is not where its directory says")
    digest, count = hashlib.sha256(), 0
    with writing(target), target.open("wb", buffering=0) as out:
        try:
            for block in _content(descriptor, start, member):
                crew.check()
                count += len(block)
                if count > record.size:
                    break
                digest.update(block)
                write_all(out, memoryview(block))
        except zlib.error:
            count = -1
    if (count, digest.hexdigest()) != (record.size, record.sha256):
        raise _refused(shown, f"{printable(record.path)} in it is not the file that was sent")


def _content(descriptor: int, start: int, member: zips.Member) -> Iterator[bytes]:
    """At most a block at a time, however much a few bytes would become."""
    packed = _packed(descriptor, start, member.packed)
    if member.method == 0:
        yield from packed
        return
    unpacker = zlib.decompressobj(-15)
    for data in packed:
        while data and not unpacker.eof:
            yield unpacker.decompress(data, BLOCK)
            data = unpacker.unconsumed_tail
    yield unpacker.flush()


def _packed(descriptor: int, start: int, size: int) -> Iterator[bytes]:
    os.lseek(descriptor, start, os.SEEK_SET)
    while size:
        data = os.read(descriptor, min(size, BLOCK))
        if not data:
            return
        size -= len(data)
        yield data


def _refused(shown: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"{shown} is not unpacked: {why}",
        hint="fetch it without --unpack to look into it, or ask whoever sent it to send it again",
        code="archive-unsound",
    )
