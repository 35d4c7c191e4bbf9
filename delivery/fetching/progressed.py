"""Which bytes of a file are there, in memory and in a record beside it that a kill leaves readable."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from contextlib import suppress
from pathlib import Path
from typing import IO

from delivery.crc import crc32
from delivery.intake.source import BLOCK
from delivery.memory import read_buffer
from delivery.packing.trouble import writing

_LINE = re.compile(r"(\d{1,18}) (\d{1,18})(?: (\d{1,10}))?")


class Ranges:
    """Spans from a first byte up to, not including, a last one; those that touch become one."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        if start >= end:
            return
        at = bisect_left(self._spans, (start, start))
        if at and self._spans[at - 1][1] >= start:
            at -= 1
        last = at
        while last < len(self._spans) and self._spans[last][0] <= end:
            start, end = min(start, self._spans[last][0]), max(end, self._spans[last][1])
            last += 1
        self._spans[at:last] = [(start, end)]

    @property
    def front(self) -> int:
        """Everything before it is there."""
        return self._spans[0][1] if self._spans and self._spans[0][0] == 0 else 0

    @property
    def size(self) -> int:
        return sum(end - start for start, end in self._spans)

    def missing(self, size: int) -> list[tuple[int, int]]:
        """The gaps in a file of ``size`` bytes."""
        edges = [0, *(edge for span in self._spans for edge in span), size]
        return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


class Record:
    """The version of the object that was begun, then a line for each span that is there. It holds no address.

    A line that a kill tore says less than was there, never more. A power cut, or a disk that is pulled out, may lose
    bytes whose line it kept: where no digest tells in the end, each line holds the CRC-32 of its span in ``unproven``.
    """

    def __init__(self, path: Path, unproven: Path | None = None) -> None:
        self._path = path
        self._unproven = unproven
        self._stream: IO[str] | None = None

    def read(self, size: int) -> tuple[tuple[str, str], Ranges] | None:
        """What an earlier run noted of an object of ``size`` bytes."""
        ranges = Ranges()
        try:
            head, *lines = self._path.read_text("utf-8").splitlines()
            noted = json.loads(head)
            version = (str(noted["etag"]), str(noted["modified"]))
            if noted["size"] != size or version == ("", ""):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        for line in lines:
            if (found := _LINE.fullmatch(line)) and int(found[1]) < int(found[2]) <= size:
                start, end = int(found[1]), int(found[2])
                if found[3] == self._checksum(start, end):
                    ranges.add(start, end)
        return version, ranges

    def begin(self, size: int, version: tuple[str, str]) -> None:
        self.close()
        with writing(self._path):
            self._stream = self._path.open("w", encoding="utf-8")
            head = {"size": size, "etag": version[0], "modified": version[1]}
            self._stream.write(json.dumps(head) + "\n")
            self._stream.flush()

    def go_on(self) -> None:
        with writing(self._path):
            self._stream = self._path.open("a", encoding="utf-8")
            self._stream.write("\n")  # ends a line that a kill tore

    def note(self, start: int, end: int) -> None:
        if self._stream is not None and start < end:
            with writing(self._path):
                checksum = self._checksum(start, end)
                self._stream.write(f"{start} {end}\n" if checksum is None else f"{start} {end} {checksum}\n")
                self._stream.flush()

    def _checksum(self, start: int, end: int) -> str | None:
        """None where none is kept, empty where the bytes cannot be read."""
        if self._unproven is None:
            return None
        crc, buffer = 0, read_buffer(min(BLOCK, end - start))
        try:
            with self._unproven.open("rb", buffering=0) as stream:
                stream.seek(start)
                while start < end:
                    count = stream.readinto(buffer[: end - start])
                    if not count:
                        return ""
                    crc = crc32(buffer[:count], crc)
                    start += count
        except OSError:
            return ""
        return str(crc)

    def close(self) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
            self._stream = None

    def remove(self) -> None:
        self.close()
        with suppress(OSError):
            self._path.unlink()
