"""Whether a file that another one names is there."""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Callable, Iterable

from delivery.intake.observation import Fact, Seen


class KnownPaths:
    """The paths that lie beside each other, made ready only when a file names another."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._make = names
        self._names: frozenset[str] | None = None

    def without_delivered(self, facts: list[Fact], path: str) -> list[Fact]:
        """The facts about the file at ``path``, but for the assets that are there."""
        return [fact for fact in facts if fact.kind is not Seen.ASSET or not self._has(path, fact.detail)]

    def _has(self, path: str, asset: str) -> bool:
        if self._names is None:
            self._names = frozenset(map(_plain, self._make()))
        return _plain(posixpath.normpath(f"{posixpath.dirname(path)}/{asset}")) in self._names


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).lower().lstrip("/")
