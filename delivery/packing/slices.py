"""Files that are not zipped: copied as they are, or cut into volumes; hashed in the pass that reads them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from delivery.errors import PackingError
from delivery.escape import printable
from delivery.intake.source import BLOCK, Source
from delivery.model import FileEntry, Part
from delivery.packing.crew import Crew
from delivery.packing.trouble import writing
from delivery.packing.workspace import flush_to_disk
from delivery.progress import Task


def copy(entry: FileEntry, path: Path, crew: Crew, task: Task) -> str:
    """The SHA-256 of the copy at ``path``."""
    buffer = memoryview(bytearray(BLOCK))
    with Source(entry) as source, writing(path), path.open("wb", buffering=0) as out:
        while count := source.readinto(buffer):
            crew.check()
            _write_all(out.fileno(), buffer[:count])
            task.advance(count)
        flush_to_disk(out)
        return source.sha256


def cut(parts: Sequence[Part], folder: Path, crew: Crew, task: Task) -> tuple[str, list[str]]:
    """The volumes of one file under their names in ``folder``; the SHA-256 of the file and of each volume."""
    entry = parts[0].members[0]
    buffer = memoryview(bytearray(BLOCK))
    digests = []
    with Source(entry) as source:
        for part in parts:
            path = folder / part.filename
            digest = hashlib.sha256()
            left = part.size
            with writing(path), path.open("wb", buffering=0) as out:
                while left and (count := source.readinto(buffer[: min(left, BLOCK)])):
                    crew.check()
                    digest.update(buffer[:count])
                    _write_all(out.fileno(), buffer[:count])
                    left -= count
                    task.advance(count)
                flush_to_disk(out)
            digests.append(digest.hexdigest())
        if source.readinto(buffer):
            raise PackingError(f"the plan leaves out the end of {printable(entry.arcname)}")
        return source.sha256, digests


def write_whole(path: Path, content: bytes) -> tuple[int, str]:
    """A small file at ``path``; its size and SHA-256."""
    with writing(path), path.open("wb") as out:
        out.write(content)
        flush_to_disk(out)
    return len(content), hashlib.sha256(content).hexdigest()


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
