"""Files that are not zipped: copied as they are, or cut into volumes; hashed in the pass that reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from delivery.model import FileEntry, Part
from delivery.packing import direct
from delivery.packing.crew import Crew
from delivery.packing.direct import write_all
from delivery.packing.flusher import Flusher
from delivery.packing.read_ahead import ReadAhead
from delivery.packing.trouble import writing
from delivery.packing.workspace import flush_to_disk
from delivery.progress import Task


def copy(entry: FileEntry, path: Path, crew: Crew, task: Task) -> str:
    """The SHA-256 of the copy at ``path``."""
    with ReadAhead(entry, crew, task) as source, Flusher(path) as flusher, writing(path):
        blocks = iter(source)
        _write(path, entry.size, blocks, flusher)
        source.expect_end(blocks)
    return source.sha256


def cut(parts: Sequence[Part], folder: Path, crew: Crew, task: Task) -> tuple[str, list[str]]:
    """The volumes of one file under their names in ``folder``; the SHA-256 of the file and of each volume.

    ``parts`` are all of them, in order. The digest of the first is the digest of the file up to there.
    """
    entry = parts[0].members[0]
    bounds = [part.offset + part.size for part in parts]
    digests = []
    with (
        ReadAhead(entry, crew, task, bounds) as source,
        Flusher(folder) as flusher,
        ThreadPoolExecutor(1, "digest") as hasher,
    ):
        blocks = iter(source)
        for part in parts:
            digest = hashlib.sha256()
            path = folder / part.filename
            with writing(path):
                if part.offset:
                    _write(path, part.size, blocks, flusher, lambda block: hasher.submit(digest.update, block))  # noqa: B023
                else:
                    _write(path, part.size, blocks, flusher)
            digests.append(digest.hexdigest() if part.offset else source.sha256_at[part.size])
        source.expect_end(blocks)
    return source.sha256, digests


def _write(
    path: Path,
    size: int,
    blocks: Iterator[memoryview],
    flusher: Flusher,
    meanwhile: Callable[[memoryview], Future[None]] | None = None,
) -> None:
    """The next ``size`` bytes of ``blocks`` at ``path``; ``meanwhile`` begins what is done with a block beside that."""
    out = direct.open_new(path, size)
    try:
        begun: list[Future[None]] = []
        while size:
            block = next(blocks)
            if meanwhile:
                begun.append(meanwhile(block))
            write_all(out, block)
            size -= len(block)
            if len(begun) > 1:
                begun.pop(0).result()
        for last in begun:
            last.result()
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
