"""File names of attachments: they lie side by side in one flat folder, so no two may fall together. Pure."""

from __future__ import annotations

from typing import ClassVar

from delivery.intake.names import fold, mend_name, unique

MANIFEST = "delivery-manifest.json"
MANIFEST_TYPE = "application/json"
CHECKSUMS = "SHA256SUMS"
JOINER = "JOIN.html"


class Filenames:
    """Hands out names that differ on every system, and from the names that the tool itself writes."""

    reserved: ClassVar[frozenset[str]] = frozenset(map(fold, (MANIFEST, CHECKSUMS, JOINER)))

    def __init__(self) -> None:
        self._taken = set(self.reserved)

    def take(self, wanted: str) -> str:
        name = unique(mend_name(wanted), self._taken)
        self._taken.add(fold(name))
        return name
