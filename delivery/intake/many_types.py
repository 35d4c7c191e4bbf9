"""The media types of many files. libmagic takes a third of a millisecond over each, so it is asked where it must be.

What signatures and plain text tell needs no library. Of the binary files that are left, those with one extension are
taken for what the first of them are, where those agree and the file begins as they do. Bytes that nobody knows need
not even begin alike: a mere ``application/octet-stream`` promises nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from delivery.intake.names import extension
from delivery.intake.plaintext import is_binary
from delivery.intake.readers import formats
from delivery.intake.streams import Stream
from delivery.intake.types import EMPTY, UNKNOWN, closer_type, plain_type, read_head
from delivery.model import FileEntry
from delivery.progress import CancelToken, Progress, Task

_ASKED = 24
"""So many files of an extension are shown to libmagic before the rest is taken for what they are."""
_BEGINNING = 4


def type_in_place(entries: list[FileEntry], progress: Progress, cancel: CancelToken) -> None:
    """Give each entry its media type, in its place, so that two lists of 100,000 never stand side by side.

    Raises LocalError for a file that cannot be read, and Cancelled.
    """
    alike: dict[str, list[int]] = {}
    with progress.task("Looking at files", len(entries), "files") as task:
        for place, entry in enumerate(entries):
            cancel.check()
            head = _head(entry)
            if not head and entry.content is not None:
                object.__setattr__(entry, "known_size", True)  # a stream that has ended before it brought anything
            kind = plain_type(entry.arcname, head) if head else EMPTY
            if kind is None and is_binary(head) and not formats.sniff(head):
                alike.setdefault(extension(entry.arcname), []).append(place)
            else:
                _set(entries, place, kind or closer_type(entry.arcname, head), task)
        for places in alike.values():
            _type_group(entries, places, task, cancel)


def _type_group(entries: list[FileEntry], places: Sequence[int], task: Task, cancel: CancelToken) -> None:
    """Binary files of one extension without a signature that we know."""
    kinds: set[str] = set()
    beginnings: set[bytes] = set()
    for number, place in enumerate(places):
        cancel.check()
        agreed = next(iter(kinds)) if number >= _ASKED and len(kinds) == 1 else None
        if agreed == UNKNOWN:
            _set(entries, place, agreed, task)
            continue
        head = _head(entries[place])
        if agreed is None or head[:_BEGINNING] not in beginnings:
            agreed = closer_type(entries[place].arcname, head)
            kinds.add(agreed)
            beginnings.add(head[:_BEGINNING])
        _set(entries, place, agreed, task)


def _head(entry: FileEntry) -> bytes:
    if isinstance(entry.content, Stream):
        return entry.content.head()
    return read_head(entry.path) if entry.size else b""


def _set(entries: list[FileEntry], place: int, kind: str, task: Task) -> None:
    """In the entry itself, which the walk has made and nobody else holds yet: a copy takes twenty times as long."""
    object.__setattr__(entries[place], "media_type", sys.intern(kind))
    task.advance(1)
