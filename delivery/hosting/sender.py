"""One file into one object: in a single request or in parts, resumed from a journal, compared with what was sent."""

from __future__ import annotations

import base64
import hashlib
import queue
import secrets
import zlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from delivery.errors import IntegrityError, StoreRefusedError
from delivery.escape import printable
from delivery.hosting.bodies import FileBody, MemoryBody, SliceBody
from delivery.hosting.crc import combine
from delivery.hosting.halt import Halt, Halted
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Begun, Journal
from delivery.hosting.names import headers_for
from delivery.hosting.pace import Pace
from delivery.hosting.room import Room
from delivery.intake.source import BLOCK, Source, changed
from delivery.model import StoredObject
from delivery.options import UploadOptions
from delivery.progress import Progress, Task
from delivery.storage.base import TAG, Body, ObjectFacts, ObjectHeaders, RemotePart, Store, Watch
from delivery.storage.faults import ObjectExistsError

MIB = 1024**2
_MOST_PARTS = 10_000
_LEAST_PART = 5 * MIB
_LARGEST_PART = 5 * 1024**3
_MEMORY = 96 * MIB
"""For parts under way; larger ones are streamed from the file, one at a time."""
HELD = 8 * MIB
"""For small files under way, all together; a larger one is streamed."""
_WORTH_COPYING = MIB
_MOST_COPIED = 5 * 1024**3
_Result = TypeVar("_Result")


def part_size(size: int, wanted: int) -> int:
    """The size of each S3 part but the last: as wanted, or whole MiB enough for 10,000 parts. Up to 48.8 TiB."""
    needed = -(-size // _MOST_PARTS)
    return min(_LARGEST_PART, max(_LEAST_PART, -(-max(wanted, needed) // MIB) * MIB))


def first_failure(slots: Sequence[Future[Any]]) -> BaseException | None:
    """What really failed, once all have stopped; None when they only stopped for another."""
    errors = (None if slot.cancel() or slot.cancelled() else slot.exception() for slot in slots)
    return next((error for error in errors if error is not None and not isinstance(error, Halted)), None)


class SourceDiffers(Exception):
    """The local file is not the one whose parts the store holds."""


@dataclass(frozen=True, slots=True)
class _Part:
    remote: RemotePart
    crc32: int


@dataclass(frozen=True)
class Sender:
    """What the ways to send share."""

    store: Store
    options: UploadOptions
    journal: Journal | None
    task: Task
    progress: Progress
    halt: Halt
    pace: Pace
    pool: ThreadPoolExecutor
    room: Room
    known: Sequence[StoredObject] = ()

    def is_large(self, item: Upload) -> bool:
        quirks, size = self.store.quirks, item.entry.size
        return quirks.multipart and (size >= max(self.options.threshold, _LEAST_PART) or size > quirks.max_put)

    def send(self, item: Upload, key: str) -> Uploaded:
        """Send ``item`` unless it is there already. Any failure stops the other workers."""
        try:
            self.halt.check()
            there = self._there_already(item, key)
            if there is not None:
                return there
            copied = self._copied(item, key)
            if copied is not None:
                return copied
            return self._send_in_parts(item, key) if self.is_large(item) else self._send_at_once(item, key)
        except BaseException:
            self.halt.cancel()
            raise

    def _copied(self, item: Upload, key: str) -> Uploaded | None:
        """A copy, made inside the store, of an earlier delivery's object with the same bytes; None without one."""
        size = item.entry.size
        alike = {known.checksum: known for known in self.known if known.size == size}
        if not alike or not _WORTH_COPYING <= size <= _MOST_COPIED:
            return None
        digest = self._digest(item)
        source = alike.get(f"sha256:{digest}")
        found = self.store.look(source.key) if source is not None else None
        if source is None or found is None or found.stored.size != size:
            return None
        headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
        try:
            self.store.copy(source.key, key, headers, metadata={TAG: tag})
        except StoreRefusedError:
            return None  # a store, or a key, that may not copy: it is sent
        self.progress.note(f"{printable(item.name)} was delivered before: copied inside the store, not sent again")
        self.task.advance(size)
        return self._settled(item, key, digest, tag, "", None)

    # -- in one request ----------------------------------------------------------------------------------------

    def _send_at_once(self, item: Upload, key: str) -> Uploaded:
        """What fits one part's memory is hashed first, so that its digest signs it; else it is hashed as it goes."""
        headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
        if item.entry.size > min(self.options.part_size, HELD):
            streamed = FileBody(item.entry, self.task.advance, self.pace)
            etag = self._put(key, streamed, headers, tag)
            digest = streamed.digest
        else:
            with self.room.taken(item.entry.size), Source(item.entry) as source:
                data = memoryview(bytearray(item.entry.size))
                _fill(source, data, self.halt)
                _finish(source)
                digest = source.sha256
                held = MemoryBody(data, self.task.advance, self.pace, sha256=digest)
                etag = self._put(key, held, headers, tag)
            if self.store.quirks.signed_payload and not self.options.verify:
                # It was signed with this digest: a store that took it has compared it. Its link is tried later.
                return self._noted(item, StoredObject(key, item.entry.size, f"sha256:{digest}"), digest, tag)
        return self._settled(item, key, digest, tag, etag, None)

    def _put(self, key: str, body: Body, headers: ObjectHeaders, tag: str) -> str:
        """Its ETag. What is there already is ours, from a try whose answer was lost, or an earlier run's."""
        try:
            return self.store.put(key, body, headers, metadata={TAG: tag}, new=True)
        except ObjectExistsError:
            found = self.store.look(key)
            if found is not None and found.stored.size == body.size and found.metadata.get(TAG) == tag:
                return found.etag
            return self.store.put(key, body, headers, metadata={TAG: tag})

    # -- in parts ----------------------------------------------------------------------------------------------

    def _send_in_parts(self, item: Upload, key: str) -> Uploaded:
        begun, held = self._begun_before(item, key)
        while True:
            if begun is None:
                begun, held = self._begin(item, key), {}
            try:
                parts, digest = self._send_missing(item, key, begun, held)
                remote, crcs = [part.remote for part in parts], [part.crc32 for part in parts]
                sizes = [part.size for part in remote]
                crc = combine(zip(crcs, sizes, strict=True)) if self.store.quirks.checksum == "crc32" else None
                self.store.complete(key, begun.upload_id, remote, tag=begun.tag, crcs=crcs, crc32=crc)
            except SourceDiffers:
                self.progress.note(f"{printable(item.name)} has changed since it was sent in part; it starts over")
                self._give_up(key, begun)
                begun = None
                continue
            except BaseException:
                if self.journal is None:
                    self._give_up(key, begun)
                raise
            etag = _whole_etag(remote) if self.store.quirks.md5_etags else ""
            return self._settled(item, key, digest, begun.tag, etag, crc)

    def _begin(self, item: Upload, key: str) -> Begun:
        headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
        step = part_size(item.entry.size, self.options.part_size)
        upload_id = self.store.begin(key, headers, metadata={TAG: tag})
        if self.journal is not None:
            self.journal.note_begun(key, upload_id, step, item.entry.size, tag)
        return Begun(upload_id, step, item.entry.size, tag)

    def _begun_before(self, item: Upload, key: str) -> tuple[Begun | None, dict[int, RemotePart]]:
        """The upload that the journal remembers, with the parts that the store holds as the journal knows them."""
        begun = self.journal.begun.get(key) if self.journal else None
        if begun is None:
            return None, {}
        rows = self.store.parts(key, begun.upload_id)
        if rows is None or begun.size != item.entry.size:
            why = "its size has changed" if rows is not None else "the store does not know the upload any more"
            self.progress.note(f"{printable(item.name)} starts over: {why}")
            self._give_up(key, begun)
            return None, {}
        known = {number: etag for number, (etag, _) in begun.parts.items()}
        held = {
            row.number: row
            for row in rows
            if known.get(row.number) == row.etag and row.size == _size_of(row.number, begun)
        }
        count = -(-begun.size // begun.part_size)
        self.progress.note(f"{printable(item.name)}: {len(held):,} of {count:,} parts are in the store already")
        return begun, held

    def _give_up(self, key: str, begun: Begun) -> None:
        """Remove what was sent in part. Runs after a cancel too, so it must not listen to it."""
        self.store.watched(Watch(attempts=2, progress=self.progress)).abort(key, begun.upload_id)
        if self.journal is not None:
            self.journal.note_dropped(key)

    def _send_missing(
        self, item: Upload, key: str, begun: Begun, held: dict[int, RemotePart]
    ) -> tuple[list[_Part], str]:
        """Read the file once, in order: send what the store lacks, check what it has. All parts, and the digest."""
        step = begun.part_size
        room = min(self.options.threads + 1, _MEMORY // step)
        buffers: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
        for _ in range(room):
            buffers.put(None)
        slots: list[Future[_Part]] = []
        try:
            with Source(item.entry) as source:
                for number, start in enumerate(range(0, begun.size, step), 1):
                    size = min(step, begun.size - start)
                    self.halt.check()
                    if room < 2:
                        slots.append(self._streamed(source, key, begun, number, size, held))
                        continue
                    buffer = buffers.get() or bytearray(step)
                    view = memoryview(buffer)[:size]
                    _fill(source, view, self.halt)
                    if number in held:
                        self._check(source, begun, number)
                        slots.append(_ready(_Part(held[number], self._crc(view))))
                        self.task.advance(size)
                        buffers.put(buffer)
                    else:
                        digest = source.sha256
                        slots.append(self.pool.submit(self._one, buffers, buffer, key, begun, number, size, digest))
                _finish(source)
                return [slot.result() for slot in slots], source.sha256
        except BaseException as error:
            if isinstance(error, SourceDiffers):
                self.task.advance(-sum(slot.result().remote.size for slot in slots))
                raise
            self.halt.cancel()
            if isinstance(error, Halted) and (cause := first_failure(slots)) is not None:
                raise cause from None
            self._wait_for(slots)
            raise

    @staticmethod
    def _wait_for(slots: Sequence[Future[_Part]]) -> None:
        for slot in slots:
            if not slot.cancel():
                slot.exception()

    def _one(
        self,
        buffers: queue.SimpleQueue[bytearray | None],
        buffer: bytearray,
        key: str,
        begun: Begun,
        number: int,
        size: int,
        digest: str,
    ) -> _Part:
        """Send one part from memory, on a worker."""
        try:
            view = memoryview(buffer)[:size]
            crc = self._crc(view)
            proof = hashlib.sha256(view).hexdigest() if self._proves_parts() else None
            body = MemoryBody(view, self.task.advance, self.pace, sha256=proof)
            etag = self.store.put_part(key, begun.upload_id, number, body, crc32=crc)
            if self.journal is not None:
                self.journal.note_part(key, number, etag, digest)
            return _Part(RemotePart(number, size, etag), crc)
        except BaseException:
            self.halt.cancel()
            raise
        finally:
            buffers.put(buffer)

    def _streamed(
        self, source: Source, key: str, begun: Begun, number: int, size: int, held: dict[int, RemotePart]
    ) -> Future[_Part]:
        """One part that is too large for memory, sent (or only checked) as it is read."""
        body = SliceBody(source, size, self.task.advance, self.pace)
        crc = 0
        if number in held or self.store.quirks.checksum == "crc32":
            mark = source.mark()
            left = size
            buffer = memoryview(bytearray(BLOCK))
            while left:
                self.halt.check()
                count = source.readinto(buffer[: min(left, BLOCK)])
                if not count:
                    raise changed(source.entry)
                crc = zlib.crc32(buffer[:count], crc)
                left -= count
            if number in held:
                self._check(source, begun, number)
                self.task.advance(size)
                return _ready(_Part(held[number], crc))
            source.rewind(mark)
        etag = self.store.put_part(key, begun.upload_id, number, body, crc32=crc)
        if self.journal is not None:
            self.journal.note_part(key, number, etag, source.sha256)
        return _ready(_Part(RemotePart(number, size, etag), crc))

    def _check(self, source: Source, begun: Begun, number: int) -> None:
        """All bytes up to the end of this part against what was hashed when it was sent."""
        if begun.parts[number][1] != source.sha256:
            raise SourceDiffers

    def _proves_parts(self) -> bool:
        """Whether parts are signed with their SHA-256, which makes the store refuse damaged ones. It costs a second
        hash of every byte, which nobody notices unless there is no network in between.
        """
        if self.options.prove_parts == "auto":
            return not self.store.on_this_machine and self.store.quirks.checksum == "none"
        return self.options.prove_parts == "yes"

    def _crc(self, view: memoryview) -> int:
        return zlib.crc32(view) if self.store.quirks.checksum == "crc32" else 0

    # -- what is there -----------------------------------------------------------------------------------------

    def _there_already(self, item: Upload, key: str) -> Uploaded | None:
        """The object when the journal says that it was sent, the store still has it, and the file is the same."""
        done = self.journal.done.get(key) if self.journal else None
        begun = self.journal.begun.get(key) if self.journal else None
        tag = done.tag if done else begun.tag if begun else None
        if self.journal is None or tag is None:
            return None
        found = self.store.look(key)
        ours = found is not None and found.stored.size == item.entry.size and self._tagged(found, tag)
        if not ours or found is None:
            if done is not None:
                self.journal.note_dropped(key)
            return None
        digest = self._digest(item)
        wanted = done.sha256 if done else begun.parts[max(begun.parts)][1] if begun and begun.parts else ""
        if wanted != digest:
            self.journal.note_dropped(key)
            self.store.delete([key])
            return None
        self.progress.note(f"{printable(item.name)} is in the store already")
        self.task.advance(item.entry.size)
        if done is None:
            self.journal.note_done(key, item.entry.size, digest, tag)
        return self._uploaded(item, found.stored, digest)

    def _tagged(self, found: ObjectFacts, tag: str) -> bool:
        return not self.store.quirks.metadata or found.metadata.get(TAG) == tag

    def _digest(self, item: Upload) -> str:
        buffer = memoryview(bytearray(BLOCK))
        with Source(item.entry) as source:
            while source.readinto(buffer):
                self.halt.check()
            return source.sha256

    def _settled(self, item: Upload, key: str, digest: str, tag: str, etag: str, crc32: int | None) -> Uploaded:
        """Compare the stored object with the source as far as the store can prove it, and note it."""
        try:
            stored = self._compared(item, key, digest, etag, crc32)
        except IntegrityError:
            if self.journal is not None:
                self.journal.note_dropped(key)
            self.store.watched(Watch(attempts=2, progress=self.progress)).delete([key])
            raise
        return self._noted(item, stored, digest, tag)

    def _noted(self, item: Upload, stored: StoredObject, digest: str, tag: str) -> Uploaded:
        if self.journal is not None:
            self.journal.note_done(stored.key, stored.size, digest, tag)
        return self._uploaded(item, stored, digest)

    def _compared(self, item: Upload, key: str, digest: str, etag: str, crc32: int | None) -> StoredObject:
        name = printable(item.name)
        found = self.store.look(key)
        if found is None or found.stored.size != item.entry.size:
            told = "nothing" if found is None else f"{found.stored.size:,} bytes"
            raise IntegrityError(
                f"{name}: {item.entry.size:,} bytes were sent but the store holds {told}",
                hint="run the same command again; if it happens again the store loses data",
            )
        if self.store.quirks.md5_etags and etag and found.etag != etag:
            raise _other_bytes(name)
        if crc32 is not None and found.stored.checksum not in (None, _crc_text(crc32)):
            raise _other_bytes(name)
        if self.options.verify:
            self._read_back(item, key, digest)
            return replace(found.stored, key=key, checksum=f"sha256:{digest}")
        return replace(found.stored, key=key)

    def _read_back(self, item: Upload, key: str, digest: str) -> None:
        read = hashlib.sha256()
        with self.progress.task(f"reading back {printable(item.name)}", item.entry.size, "bytes") as task:
            for block in self.store.read(key) if item.entry.size else ():
                self.halt.check()
                read.update(block)
                task.advance(len(block))
        if read.hexdigest() != digest:
            raise _other_bytes(printable(item.name))

    @staticmethod
    def _uploaded(item: Upload, stored: StoredObject, digest: str) -> Uploaded:
        return Uploaded(stored, item.name, digest, item.media_type, item.inline, item.members)


def _other_bytes(name: str) -> IntegrityError:
    return IntegrityError(
        f"{name}: the store holds other bytes than were sent; they were removed",
        hint="run the same command again; if it happens again the store or a proxy before it damages data",
    )


def _ready(result: _Result) -> Future[_Result]:
    slot: Future[_Result] = Future()
    slot.set_result(result)
    return slot


def _size_of(number: int, begun: Begun) -> int:
    return min(begun.part_size, begun.size - (number - 1) * begun.part_size)


def _fill(source: Source, view: memoryview, halt: Halt) -> None:
    filled = 0
    while filled < len(view):
        halt.check()
        count = source.readinto(view[filled : filled + BLOCK])
        if not count:
            raise changed(source.entry)
        filled += count


def _finish(source: Source) -> None:
    """Ask for what lies behind the last byte, which makes the source compare itself with what intake saw."""
    source.readinto(bytearray(1))


def _crc_text(crc32: int) -> str:
    return f"crc32:{base64.b64encode(crc32.to_bytes(4, 'big')).decode()}"


def _whole_etag(parts: Sequence[RemotePart]) -> str:
    """The ETag that the AWS form gives the whole for the ETags of its parts."""
    joined = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"
