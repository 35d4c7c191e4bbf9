"""Files that are not zipped: copied as they are, or cut into volumes; hashed in the pass that reads them."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from delivery.model import FileEntry, Part
from delivery.packing.crew import Crew
from delivery.packing.flusher import Flusher
from delivery.packing.read_ahead import ReadAhead
from delivery.packing.trouble import writing
from delivery.packing.workspace import flush_to_disk
from delivery.progress import Task


def copy(entry: FileEntry, path: Path, crew: Crew, task: Task) -> str:
    """The SHA-256 of the copy at ``path``."""
    with ReadAhead(entry, crew, task) as source, Flusher(path) as flusher, writing(path):
        blocks = iter(source)
        _write(path, entry.size, blocks, flusher, None)
        source.expect_end(blocks)
    return source.sha256


def cut(parts: Sequence[Part], folder: Path, crew: Crew, task: Task) -> tuple[str, list[str]]:
    """The volumes of one file under their names in ``folder``; the SHA-256 of the file and of each volume.

    ``parts`` are all of them, in order. The digest of the first is the digest of the file up to there.
    """
    entry = parts[0].members[0]
    bounds = [part.offset + part.size for part in parts]
    digests = []
    with ReadAhead(entry, crew, task, bounds) as source, Flusher(folder) as flusher:
        blocks = iter(source)
        for part in parts:
            digest = hashlib.sha256() if part.offset else None
            path = folder / part.filename
            with writing(path):
                _write(path, part.size, blocks, flusher, digest)
            digests.append(digest.hexdigest() if digest else source.sha256_at[part.size])
        source.expect_end(blocks)
    return source.sha256, digests


def _write(path: Path, size: int, blocks: Iterator[memoryview], flusher: Flusher, digest: hashlib._Hash | None) -> None:
    """The next ``size`` bytes of ``blocks`` at ``path``, hashed on the way where a digest is given."""
    out = path.open("wb", buffering=0)
    try:
        reserve(out, size)
        while size:
            block = next(blocks)
            if digest is not None:
                digest.update(block)
            write_all(out, block)
            size -= len(block)
            flusher.wrote(out, len(block))
    except BaseException:
        out.close()
        raise
    flusher.close(out, path)


def write_whole(path: Path, content: bytes) -> tuple[int, str]:
    """A small file at ``path``; its size and SHA-256."""
    with writing(path), path.open("wb") as out:
        out.write(content)
        flush_to_disk(out)
    return len(content), hashlib.sha256(content).hexdigest()


def write_all(out: FileIO, data: memoryview) -> None:
    """An unbuffered file may take less than it is given."""
    while data:
        data = data[out.write(data) :]


def reserve(out: BinaryIO | FileIO, size: int) -> None:
    """Ask for the room on the disk at once: a full disk shows before the work, and the file lies in one piece."""
    if size and hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(out.fileno(), 0, size)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENODEV):
                raise
