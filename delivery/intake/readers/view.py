"""A bounded look at one file's bytes, and the facts that readers note about it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from delivery.intake.observation import Fact, Inside, Observation, Seen

if TYPE_CHECKING:
    from delivery.intake.readers.zips import Member

HEAD = 64 * 1024
CUT = "the file is cut off"
_READS = 20_000
_BYTES = 64 * 1024**2
_UNPACKED = 128 * 1024**2
_COST_OF_A_READ = 1024
_FACTS_OF_A_KIND = 12
_DETAIL = 200


class Exhausted(Exception):
    """The view's budget is used up. Readers let it pass; what they noted so far stands."""

    told = "it is so large, or made of so many pieces, that only a part of it was looked at"


class View:
    """Random access to ``size`` bytes with a budget of reads and bytes.

    ``read(offset, count)`` may return less at the end. ``head`` is the first 64 KiB and costs nothing.
    """

    def __init__(
        self,
        read: Callable[[int, int], bytes],
        size: int,
        *,
        name: str = "",
        budget: int = _BYTES,
        reads: int = _READS,
    ) -> None:
        self._read = read
        self.size = size
        self.name = name
        self._reads = self._all_reads = reads
        self._bytes = self._all_bytes = budget
        self._unpacked = 0
        self.head = read(0, min(HEAD, size)) if size else b""
        self._tail: bytes | None = None
        self.facts: list[Fact] = []
        self.members: list[str] = []
        self.zipped: list[Member] = []
        """What a zip holds that may be looked into."""
        self.inside: list[Inside] = []

    @classmethod
    def of_bytes(cls, data: bytes, *, name: str = "") -> View:
        return cls(lambda offset, count: data[offset : offset + count], len(data), name=name)

    @classmethod
    def of_descriptor(
        cls, descriptor: int, size: int, *, name: str = "", budget: int = _BYTES, reads: int = _READS
    ) -> View:
        if hasattr(os, "pread"):
            return cls(
                lambda offset, count: os.pread(descriptor, count, offset), size, name=name, budget=budget, reads=reads
            )

        def read(offset: int, count: int) -> bytes:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, count)

        return cls(read, size, name=name, budget=budget, reads=reads)

    def at(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes from ``offset``; empty outside the file. Raises Exhausted."""
        if offset < 0 or offset >= self.size or count <= 0:
            return b""
        end = offset + count
        if end <= len(self.head):
            return self.head[offset:end]
        self._reads -= 1
        self._bytes -= min(count, self.size - offset)
        if self._reads < 0 or self._bytes < 0:
            raise Exhausted
        return self._read(offset, min(count, self.size - offset))

    def part(self, start: int, size: int, *, name: str = "", budget: int = _BYTES) -> View:
        """Some of the same bytes, with a budget of their own."""
        size = max(0, min(size, self.size - start))
        return View(lambda offset, count: self._read(start + offset, count), size, name=name, budget=budget)

    def unpacked(self, count: int) -> None:
        """Count what a reader unpacked of it: little may become much. Raises Exhausted."""
        self._unpacked += count
        if self._unpacked > _UNPACKED:
            raise Exhausted

    @property
    def spent(self) -> int:
        """What the look at it has cost, in bytes that were read or unpacked; each read counts as some."""
        return self._all_bytes - self._bytes + _COST_OF_A_READ * (self._all_reads - self._reads) + self._unpacked

    @property
    def tail(self) -> bytes:
        """The last 64 KiB."""
        if self._tail is None:
            if self.size <= len(self.head):
                self._tail = self.head
            else:
                self._tail = self.at(max(0, self.size - HEAD), HEAD)
        return self._tail

    def note(self, kind: Seen, detail: str = "", place: str = "") -> None:
        """Keep a fact, once, shortened; beyond a number that nobody would read they are dropped."""
        fact = Fact(kind, detail[:_DETAIL], place[:_DETAIL])
        if fact not in self.facts and sum(known.kind is kind for known in self.facts) < _FACTS_OF_A_KIND:
            self.facts.append(fact)

    def damaged(self, why: str) -> None:
        self.note(Seen.DAMAGED, why)

    @property
    def observation(self) -> Observation:
        return Observation(tuple(self.facts), tuple(self.members), tuple(self.inside))
