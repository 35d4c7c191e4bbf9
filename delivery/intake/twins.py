"""Files that are the same byte for byte, found by size, then by their first bytes, and only then by reading them."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator

from delivery.intake.readers.formats import extension, needs_content
from delivery.intake.source import open_entry
from delivery.model import Deliverable, FileEntry
from delivery.progress import CancelToken

_SMALLEST = 1024
_BLOCK = 1024**2
_SAMPLE = 4096
_MOST_READ = 512 * 1024**2


def twins(deliverable: Deliverable, cancel: CancelToken) -> Iterator[tuple[FileEntry, FileEntry]]:
    """Each picture, document, video ... that has the same bytes as an earlier one, with that one.

    Digests that are known are used; otherwise at most 512 MiB are read, and only of files that have the size and the
    first, middle and last bytes of another. Raises LocalError, SourceChangedError and Cancelled.
    """
    by_size: dict[int, list[FileEntry]] = defaultdict(list)
    for entry in deliverable.entries:
        if entry.size >= _SMALLEST and needs_content(extension(entry.arcname)):
            by_size[entry.size].append(entry)
    budget = _MOST_READ
    for size, same_size in by_size.items():
        if len(same_size) < 2:
            continue
        first: dict[str, FileEntry] = {}
        for entry in same_size:
            cancel.check()
            first.setdefault(_sample(entry), entry)
        if len(first) == len(same_size):
            continue
        first.clear()
        for entry in same_size:
            budget -= 0 if entry.sha256 else size
            if budget < 0:
                return
            other = first.setdefault(entry.sha256 or _digest(entry, cancel), entry)
            if other is not entry:
                yield entry, other


def _sample(entry: FileEntry) -> str:
    if entry.sha256:
        return entry.sha256
    descriptor = open_entry(entry)
    with open(descriptor, "rb", buffering=0) as stream:
        digest = hashlib.sha256()
        for at in (0, entry.size // 2, max(0, entry.size - _SAMPLE)):
            stream.seek(at)
            digest.update(stream.read(_SAMPLE))
    return digest.hexdigest()


def _digest(entry: FileEntry, cancel: CancelToken) -> str:
    digest, descriptor = hashlib.sha256(), open_entry(entry)
    try:
        while block := os.read(descriptor, _BLOCK):
            cancel.check()
            digest.update(block)
    finally:
        os.close(descriptor)
    return digest.hexdigest()
