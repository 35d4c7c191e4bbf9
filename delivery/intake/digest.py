"""SHA-256 of entries, several files at once, each read in one pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from delivery.intake.source import BLOCK, Source
from delivery.memory import read_buffer
from delivery.model import FileEntry
from delivery.progress import CancelToken, NullProgress, Progress, Task


def with_digests(
    entries: Iterable[FileEntry], *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> tuple[FileEntry, ...]:
    """The same entries in the same order, each with its ``sha256`` but a stream, which only its upload reads.

    Raises LocalError and Cancelled.
    """
    entries = tuple(entries)
    cancel = cancel or CancelToken()
    with (progress or NullProgress()).task("Reading", sum(entry.size for entry in entries), "bytes") as task:
        return tuple(_in_order(entries, task, cancel))


def _in_order(entries: tuple[FileEntry, ...], task: Task, cancel: CancelToken) -> Iterator[FileEntry]:
    """Batches rather than single files: a future for each of 100,000 files would cost more than hashing them."""
    waiting = iter(entries)
    running: list[Future[list[FileEntry]]] = []
    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers, thread_name_prefix="digest") as pool:
        try:
            while True:
                while len(running) < workers * 2 and (batch := list(islice(waiting, 64))):
                    running.append(pool.submit(_digest_batch, batch, task, cancel))
                if not running:
                    return
                yield from running.pop(0).result()
        except BaseException:
            for future in running:
                future.cancel()
            raise


def _digest_batch(batch: list[FileEntry], task: Task, cancel: CancelToken) -> list[FileEntry]:
    buffer = read_buffer(min(BLOCK, max(1, max(entry.size for entry in batch))))
    return [
        replace(entry, sha256=digest_of(entry, cancel, task, buffer)) if entry.content is None else entry
        for entry in batch
    ]


def digest_of(entry: FileEntry, cancel: CancelToken, task: Task | None = None, buffer: memoryview | None = None) -> str:
    """The SHA-256 of a file, read for nothing else; ``buffer`` spares one of its own. Raises as Source does."""
    buffer = buffer or read_buffer(min(BLOCK, max(1, entry.size)))
    with Source(entry) as source:
        while count := source.readinto(buffer):
            cancel.check()
            if task is not None:
                task.advance(count)
        return source.sha256
