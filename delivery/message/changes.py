"""What a revision changed, by name and digest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from delivery.model import FileEntry


class Changes(NamedTuple):
    """Arcnames in the order in which they are delivered; true when there are any."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def compare(before: Iterable[FileEntry], after: Iterable[FileEntry]) -> Changes:
    """What came, changed and went from one version's files to the next one's.

    A file without a digest counts as changed when its size did.
    """
    old = {entry.arcname: entry for entry in before}
    added, changed = [], []
    for entry in after:
        former = old.pop(entry.arcname, None)
        if former is None:
            added.append(entry.arcname)
        elif _content(former, entry) != _content(entry, former):
            changed.append(entry.arcname)
    return Changes(tuple(added), tuple(changed), tuple(old))


def _content(entry: FileEntry, other: FileEntry) -> tuple[int, str | None]:
    return entry.size, entry.sha256 if other.sha256 is not None else None
