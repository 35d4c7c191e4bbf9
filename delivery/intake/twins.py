"""Files that are the same byte for byte, found by size, then by their first bytes, and only then by reading them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator

from delivery.intake.digest import digest_of
from delivery.intake.names import extension
from delivery.intake.readers.formats import needs_content
from delivery.intake.source import opened
from delivery.model import Deliverable, FileEntry
from delivery.progress import CancelToken

_SMALLEST = 1024
_SAMPLE = 4096
_MOST_READ = 128 * 1024**2


def twins(deliverable: Deliverable, cancel: CancelToken) -> Iterator[tuple[FileEntry, FileEntry, bool]]:
    """Each picture, document, video ... that has the same bytes as an earlier one, with that one, and whether for sure.

    Digests that are known are used; otherwise at most 128 MiB are read, and only of files that have the size and the
    first, middle and last bytes of another. Beyond that those are all that is known. Raises LocalError,
    SourceChangedError and Cancelled.
    """
    by_size: dict[int, list[FileEntry]] = defaultdict(list)
    for entry in deliverable.entries:
        if entry.size >= _SMALLEST and entry.content is None and needs_content(extension(entry.arcname)):
            by_size[entry.size].append(entry)
    budget = _MOST_READ
    for size, same_size in by_size.items():
        if len(same_size) < 2:
            continue
        alike: dict[str, list[FileEntry]] = defaultdict(list)
        for entry in same_size:
            cancel.check()
            alike[_sample(entry)].append(entry)
        for candidates in alike.values():
            if len(candidates) < 2:
                continue
            unread = size * sum(entry.sha256 is None for entry in candidates)
            exact = unread <= budget
            budget -= unread if exact else 0
            first: dict[str, FileEntry] = {}
            for entry in candidates:
                other = first.setdefault((entry.sha256 or digest_of(entry, cancel)) if exact else "", entry)
                if other is not entry:
                    yield entry, other, exact


def _sample(entry: FileEntry) -> str:
    if entry.sha256:
        return entry.sha256
    digest = hashlib.sha256()
    with opened(entry) as descriptor, open(descriptor, "rb", buffering=0, closefd=False) as stream:
        for at in (0, entry.size // 2, max(0, entry.size - _SAMPLE)):
            stream.seek(at)
            digest.update(stream.read(_SAMPLE))
    return digest.hexdigest()
