"""File names of attachments: they lie side by side in one flat folder, so no two may fall together. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from delivery.intake.names import fold, mend_name, numbered

MANIFEST = "delivery-manifest.json"
MANIFEST_TYPE = "application/json"
CHECKSUMS = "SHA256SUMS"
JOINER = "JOIN.html"


class Filenames:
    """Hands out names that differ on every system, and from the names that the tool itself writes."""

    reserved: ClassVar[frozenset[str]] = frozenset(map(fold, (MANIFEST, CHECKSUMS, JOINER)))

    def __init__(self) -> None:
        self._taken = set(self.reserved)
        self._others: dict[str, Iterator[str]] = {}
        """Where the numbers of a name stand that was wanted before: thousands of files may be called the same."""

    def take(self, wanted: str) -> str:
        return self.take_safe(mend_name(wanted))

    def take_safe(self, wanted: str) -> str:
        """For what needs no mending, and must not be cut: a name that was taken, with a number behind it."""
        name = wanted
        if fold(name) in self._taken:
            others = self._others.setdefault(wanted, numbered(wanted))
            name = next(other for other in others if fold(other) not in self._taken)
        self._taken.add(fold(name))
        return name
