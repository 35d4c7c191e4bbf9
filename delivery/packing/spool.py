"""The first pass over what goes into zips: each file is read once, hashed, and compressed where that pays.

What was compressed, and every small file, waits in a few spool files until the plan knows which zip it belongs to.
Large files that do not compress are left for the second pass, which reads them straight into their zip.
Small files wait with their zip headers in front, neighbours side by side, so that many go into a zip in one piece.
What is known of each file is kept in arrays, so that 100,000 files cost a few megabytes.
"""

from __future__ import annotations

import contextlib
import errno
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from delivery.crc import crc32
from delivery.intake.source import BLOCK, Source
from delivery.memory import read_buffer
from delivery.model import FileEntry
from delivery.packing import deflate
from delivery.packing.crew import WORKERS, Crew
from delivery.packing.estimates import seems_worth_it
from delivery.packing.read_ahead import ReadAhead
from delivery.packing.trouble import writing
from delivery.packing.zipfile_form import DEFLATED, STORED, Member, local_header
from delivery.progress import Task

SMALL = BLOCK
"""Files up to this size pass through the spool whole, stored or deflated."""
_TINY = 32 * 1024
"""Files up to this size are left to one thread: two would mostly wait for each other's turn in the interpreter."""
_HUGE = 32 * 1024**2
"""Files above this size are compressed by all cores together."""
_BATCH = 16
_STRETCH = 8 * 1024**2
"""So many bytes of small files go into a zip between two looks at the cancel token."""
_NOWHERE = 255


class Spool:
    """The packed form of ``entries``, addressed by their place."""

    def __init__(self, folder: Path, entries: Sequence[FileEntry]) -> None:
        count = len(entries)
        self.entries = entries
        self._folder = folder
        self.methods = bytearray(count)
        self.crcs = array("I", bytes(4 * count))
        self.packed = array("Q", bytes(8 * count))
        self._files = bytearray([_NOWHERE]) * count
        self._starts = array("Q", bytes(8 * count))
        self._ends = array("Q", bytes(8 * count))
        self._digests = bytearray(32 * count)
        self._open: list[BinaryIO | FileIO] = []
        self._count = 0
        self._local = threading.local()
        self._lock = threading.Lock()

    def fill(self, crew: Crew, task: Task) -> None:
        """Read everything that is to be compressed. Raises LocalError, SourceChangedError and Cancelled."""
        for place, entry in enumerate(self.entries):
            if entry.size > _HUGE and seems_worth_it(entry):
                self._take_huge(place, crew, task)
        crew.run(self._jobs(crew, task))
        with writing(self._folder):
            for stream in self._open:
                stream.flush()

    def is_spooled(self, place: int) -> bool:
        return self._files[place] != _NOWHERE

    def sha256(self, place: int) -> str:
        return self._digests[32 * place : 32 * place + 32].hex()

    def set_read(self, place: int, sha256: str, crc: int) -> None:
        """What the second pass learnt of a large stored file."""
        self._digests[32 * place : 32 * place + 32] = bytes.fromhex(sha256)
        self.crcs[place] = crc

    def member(self, place: int) -> Member:
        """What a zip's headers say of this file, as far as it is known."""
        entry = self.entries[place]
        return Member(
            entry.arcname.encode(), entry.mtime_ns // 10**9, entry.mode,
            self.methods[place], self.crcs[place], self.packed[place], entry.size,
        )  # fmt: skip

    def has_header(self, place: int) -> bool:
        """Whether what is spooled begins with the local header."""
        return self.entries[place].size <= SMALL

    def stretches(self, places: Iterable[int]) -> Iterator[list[int]]:
        """``places`` in order, divided: each piece lies in one stretch with its headers, or is one file alone."""
        piece: list[int] = []
        for place in places:
            if piece and not (
                self._follows(piece[-1], place) and self._ends[place] - self._starts[piece[0]] <= _STRETCH
            ):
                yield piece
                piece = []
            piece.append(place)
        if piece:
            yield piece

    def _follows(self, before: int, place: int) -> bool:
        return (
            self.has_header(before)
            and self.has_header(place)
            and self._files[before] == self._files[place]
            and self._ends[before] == self._starts[place]
        )

    def offset(self, place: int, first: int) -> int:
        """Where ``place`` begins in the stretch that begins with ``first``."""
        return self._starts[place] - self._starts[first]

    def blocks(self, first: int, last: int) -> Iterator[memoryview]:
        """The spooled bytes from ``first`` to the end of ``last``, which stand in one stretch."""
        stream = self._reader(self._files[first])
        buffer = self._buffer()
        at, end = self._starts[first], self._ends[last]
        stream.seek(at)
        while at < end:
            count = stream.readinto(buffer[: min(end - at, BLOCK)])
            if not count:
                raise OSError(errno.EIO, "the working files were removed", str(self._folder))
            yield buffer[:count]
            at += count

    def close(self) -> None:
        """Remove the spool files; on a full disk a stream cannot flush its rest, which no longer matters."""
        for stream in self._open:
            with contextlib.suppress(OSError):
                stream.close()
        for number in range(self._count):
            with contextlib.suppress(OSError):  # the whole folder goes at the end of the work
                self._path(number).unlink()

    def _jobs(self, crew: Crew, task: Task) -> Iterator[Callable[[], None]]:
        large = [p for p, entry in enumerate(self.entries) if entry.size > SMALL and not self.is_spooled(p)]
        large.sort(key=lambda place: -self.entries[place].size)
        for place in large:
            yield lambda place=place: self._take_large(place, crew, task)  # type: ignore[misc]
        tiny = [place for place, entry in enumerate(self.entries) if entry.size <= _TINY]
        if tiny:
            yield lambda: self._take_small(tiny, crew, task)
        small = [place for place, entry in enumerate(self.entries) if _TINY < entry.size <= SMALL]
        for at in range(0, len(small), _BATCH):
            yield lambda batch=small[at : at + _BATCH]: self._take_small(batch, crew, task)  # type: ignore[misc]

    def _take_small(self, places: list[int], crew: Crew, task: Task) -> None:
        buffer = self._buffer()
        number, stream = self._writer()
        at = stream.tell()
        with writing(self._folder):
            for place in places:
                crew.check()
                entry = self.entries[place]
                with Source(entry) as source:
                    length = source.read_all(buffer)
                    sha256 = source.sha256
                whole = buffer[:length]
                crc = crc32(whole)
                packed = deflate.squeezed(whole)
                data = whole if packed is None else packed
                self.packed[place] = len(data)
                self._note(place, STORED if packed is None else DEFLATED, sha256, crc)
                header = local_header(self.member(place))
                stream.write(header)
                stream.write(data)
                self._files[place] = number
                self._starts[place] = at
                at += len(header) + len(data)
                self._ends[place] = at
                task.advance(length)

    def _take_large(self, place: int, crew: Crew, task: Task) -> None:
        entry = self.entries[place]
        if not seems_worth_it(entry):
            self.packed[place] = entry.size
            return
        buffer = self._buffer()
        squeezer = deflate.compressor()
        crc = 0
        self._begin(place)
        with Source(entry) as source:
            while count := source.readinto(buffer[:BLOCK]):
                crew.check()
                block = buffer[:count]
                crc = crc32(block, crc)
                self._add(place, squeezer.compress(block))
                task.advance(count)
            self._add(place, squeezer.flush())
            self._end(place, source.sha256, crc, task)

    def _take_huge(self, place: int, crew: Crew, task: Task) -> None:
        """One file on all cores: its blocks are compressed side by side, each knowing the end of the one before."""
        entry = self.entries[place]
        crc = at = 0
        before = b""
        running: deque[Future[bytes]] = deque()
        self._begin(place)
        with ReadAhead(entry, crew, task) as source, ThreadPoolExecutor(WORKERS, "deflate") as pool:
            for view in source:
                block = bytes(view)
                crc = crc32(block, crc)
                at += len(block)
                running.append(pool.submit(deflate.compress_block, block, before, at == entry.size))
                before = block[-deflate.WINDOW :]
                if len(running) > 2 * WORKERS:
                    self._add(place, running.popleft().result())
            for future in running:
                self._add(place, future.result())
        self._end(place, source.sha256, crc, task)

    def _note(self, place: int, method: int, sha256: str, crc: int) -> None:
        self.methods[place] = method
        self.set_read(place, sha256, crc)

    def _begin(self, place: int) -> None:
        number, stream = self._writer()
        self._starts[place] = self._ends[place] = stream.tell()
        self.packed[place] = 0
        self._files[place] = number

    def _end(self, place: int, sha256: str, crc: int, task: Task) -> None:
        """What is not smaller deflated, whatever its samples promised, is left for the second pass to store."""
        size = self.entries[place].size
        if self.packed[place] < size:
            self._note(place, DEFLATED, sha256, crc)
            return
        self.packed[place], self._files[place] = size, _NOWHERE
        task.advance(-size)
        stream = self._writer()[1]
        with writing(self._folder):
            stream.truncate(stream.seek(self._starts[place]))

    def _add(self, place: int, data: bytes | memoryview) -> None:
        stream = self._writer()[1]
        with writing(self._folder):
            stream.write(data)
        self.packed[place] += len(data)
        self._ends[place] += len(data)

    def _writer(self) -> tuple[int, BinaryIO]:
        if not hasattr(self._local, "writer"):
            with self._lock:
                number = self._count
                self._count += 1
                with writing(self._folder):
                    stream = self._path(number).open("w+b", buffering=BLOCK)
                self._open.append(stream)
            self._local.writer = (number, stream)
        writer: tuple[int, BinaryIO] = self._local.writer
        return writer

    def _path(self, number: int) -> Path:
        return self._folder / f"spool-{number}"

    def _buffer(self) -> memoryview:
        if not hasattr(self._local, "buffer"):
            self._local.buffer = read_buffer(SMALL + 1)
        buffer: memoryview = self._local.buffer
        return buffer

    def _reader(self, number: int) -> FileIO:
        """One for each thread and spool file, so that threads do not move each other's position."""
        if not hasattr(self._local, "readers"):
            self._local.readers = {}
        readers: dict[int, FileIO] = self._local.readers
        if number not in readers:
            stream = FileIO(self._path(number))
            readers[number] = stream
            with self._lock:
                self._open.append(stream)
        return readers[number]


class PackedSizes(Mapping[str, int]):
    """Arcname -> packed size, over the spool's array: a dict of 100,000 sizes would be 8 MB more."""

    def __init__(self, sizes: Sequence[int], places: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._places = places

    def __getitem__(self, arcname: str) -> int:
        return self._sizes[self._places[arcname]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
