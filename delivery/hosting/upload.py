"""Files up to a store: hashed in the pass that sends them, in parts where they are large, memory flat."""

from __future__ import annotations

import hashlib
import queue
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from delivery.errors import DeliveryError, IntegrityError
from delivery.escape import printable
from delivery.hosting.bodies import FileBody, MemoryBody
from delivery.hosting.halt import Halt, Halted
from delivery.hosting.names import headers_for, key_names, new_token
from delivery.intake.source import BLOCK, Source, unreadable
from delivery.model import FileEntry, StoredObject
from delivery.options import UploadOptions
from delivery.progress import CancelToken, NullProgress, Progress, Task
from delivery.storage.base import TAG, RemotePart, Store, Watch

MIB = 1024**2
_MOST_PARTS = 10_000
_LEAST_PART = 5 * MIB
_LARGEST_PART = 5 * 1024**3


@dataclass(frozen=True, slots=True)
class Upload:
    """One file to send. The page alone is ``inline``."""

    entry: FileEntry
    name: str
    """What the buyer saves it as."""
    media_type: str = "application/octet-stream"
    inline: bool = False
    key_name: str = ""
    """The last piece of its key, safe ASCII; made from ``name`` when empty."""
    members: tuple[str, ...] = ()
    """The arcnames that it carries."""

    @classmethod
    def of_path(
        cls, path: str | Path, name: str | None = None, media_type: str = "application/octet-stream", **more: object
    ) -> Upload:
        """The file at ``path`` as it is now. Raises LocalError when it cannot be looked at."""
        try:
            seen = Path(path).stat()
        except OSError as error:
            raise unreadable(str(path), error) from error
        shown = name or Path(path).name
        entry = FileEntry(str(path), shown, seen.st_size, seen.st_mtime_ns, inode=seen.st_ino, media_type=media_type)
        return cls(entry, shown, media_type, **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One file that is in the store, compared with what was sent."""

    stored: StoredObject
    name: str
    sha256: str
    media_type: str = "application/octet-stream"
    inline: bool = False
    members: tuple[str, ...] = ()


def new_prefix(store: Store) -> str:
    """Where one delivery's objects go: the store's own prefix and 160 random bits."""
    return f"{store.prefix}{new_token()}/"


def upload(
    store: Store,
    uploads: Sequence[Upload],
    *,
    prefix: str,
    options: UploadOptions | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Uploaded, ...]:
    """Send all of ``uploads`` under ``prefix`` (see :func:`new_prefix`), in their order.

    Raises what the store raises, SourceChangedError and LocalError for a file, IntegrityError when the stored object is
    not what was sent, Cancelled. Nothing half-sent is left behind by a failure that could be tidied up after.
    """
    options = options or UploadOptions()
    progress = progress or NullProgress()
    halt = Halt(cancel or CancelToken())
    watched = store.watched(Watch(options.attempts, progress, halt))
    names = key_names(item.key_name or item.name for item in uploads)
    total = sum(item.entry.size for item in uploads)
    with progress.task("uploading", total, "bytes") as task, _workers(options.threads) as pool:
        sender = _Sender(watched, options, task, halt, pool)
        waiting: list[Future[Uploaded]] = []
        large: list[tuple[int, Upload, str]] = []
        done: dict[int, Uploaded] = {}
        with _one_failure_stops_all(halt, waiting):
            slots: dict[int, Future[Uploaded]] = {}
            for place, (item, name) in enumerate(zip(uploads, names, strict=True)):
                if sender.is_large(item):
                    large.append((place, item, prefix + name))
                else:
                    slots[place] = pool.submit(sender.send_small, item, prefix + name)
                    waiting.append(slots[place])
            for place, item, key in large:
                done[place] = sender.send_large(item, key)
            done |= {place: slot.result() for place, slot in slots.items()}
    return tuple(done[place] for place in range(len(uploads)))


@contextmanager
def _workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(threads, thread_name_prefix="delivery-upload")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _one_failure_stops_all(halt: Halt, waiting: list[Future[Uploaded]]) -> Iterator[None]:
    """The first real failure is raised; the other workers stop at once."""
    try:
        yield
    except BaseException as error:
        halt.cancel()
        if isinstance(error, Halted) and (cause := _first_failure(waiting)) is not None:
            raise cause from None
        raise


def _first_failure(slots: Sequence[Future[Any]]) -> BaseException | None:
    """What really failed, once all have stopped; None when they only stopped for another."""
    errors = (None if slot.cancel() or slot.cancelled() else slot.exception() for slot in slots)
    return next((error for error in errors if error is not None and not isinstance(error, Halted)), None)


def part_size(size: int, wanted: int) -> int:
    """The size of each S3 part but the last: as wanted, or whole MiB enough for 10,000 parts. Up to 48.8 TiB."""
    needed = -(-size // _MOST_PARTS)
    return min(_LARGEST_PART, max(_LEAST_PART, -(-max(wanted, needed) // MIB) * MIB))


class _Sender:
    """What the ways to send share."""

    def __init__(self, store: Store, options: UploadOptions, task: Task, halt: Halt, pool: ThreadPoolExecutor) -> None:
        self._store = store
        self._options = options
        self._task = task
        self._halt = halt
        self._pool = pool

    def is_large(self, item: Upload) -> bool:
        return self._store.quirks.multipart and item.entry.size >= max(self._options.threshold, _LEAST_PART)

    def send_small(self, item: Upload, key: str) -> Uploaded:
        """In one request. What fits one part's memory is hashed first, so that its digest signs it."""
        try:
            return self._send_small(item, key)
        except DeliveryError:
            self._halt.cancel()
            raise

    def _send_small(self, item: Upload, key: str) -> Uploaded:
        self._halt.check()
        headers, tags = headers_for(item.name, item.media_type, inline=item.inline), {TAG: secrets.token_hex(16)}
        if item.entry.size > self._options.part_size:
            body = FileBody(item.entry, self._task.advance)
            etag = self._store.put(key, body, headers, metadata=tags, new=True)
            return self._compare(item, key, body.digest, etag)
        data = memoryview(bytearray(item.entry.size))
        with Source(item.entry) as source:
            _fill(source, data, self._halt)
            _finish(source)
        held = MemoryBody(data, self._task.advance, sha256=source.sha256)
        etag = self._store.put(key, held, headers, metadata=tags, new=True)
        return self._compare(item, key, source.sha256, etag)

    def send_large(self, item: Upload, key: str) -> Uploaded:
        """In parts of one size, several under way while the next is read and hashed. Aborted when it fails."""
        headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
        upload_id = self._store.begin(key, headers, metadata={TAG: tag})
        try:
            parts, digest = self._send_parts(item, key, upload_id)
            self._store.complete(key, upload_id, parts, tag=tag)
        except BaseException:
            self._halt.cancel()
            self._store.watched(Watch(attempts=2)).abort(key, upload_id)
            raise
        return self._compare(item, key, digest, _whole_etag(parts) if self._store.quirks.md5_etags else "")

    def _send_parts(self, item: Upload, key: str, upload_id: str) -> tuple[list[RemotePart], str]:
        step = part_size(item.entry.size, self._options.part_size)
        buffers: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
        for _ in range(self._options.threads + 1):
            buffers.put(None)
        slots: list[Future[RemotePart]] = []

        def send(number: int, buffer: bytearray, size: int) -> RemotePart:
            try:
                body = MemoryBody(memoryview(buffer)[:size], self._task.advance)
                return RemotePart(number, size, self._store.put_part(key, upload_id, number, body))
            except BaseException:
                self._halt.cancel()
                raise
            finally:
                buffers.put(buffer)

        with Source(item.entry) as source:
            try:
                for number, start in enumerate(range(0, item.entry.size, step), 1):
                    buffer = buffers.get() or bytearray(step)
                    self._halt.check()
                    size = min(step, item.entry.size - start)
                    _fill(source, memoryview(buffer)[:size], self._halt)
                    slots.append(self._pool.submit(send, number, buffer, size))
                _finish(source)
                return [slot.result() for slot in slots], source.sha256
            except Halted:
                if (cause := _first_failure(slots)) is not None:
                    raise cause from None
                raise

    def _compare(self, item: Upload, key: str, digest: str, etag: str) -> Uploaded:
        """The stored object against what was sent, as far as the store can prove it."""
        found = self._store.look(key)
        if found is None or found.stored.size != item.entry.size:
            told = "nothing" if found is None else f"{found.stored.size:,} bytes"
            raise IntegrityError(
                f"{printable(item.name)}: {item.entry.size:,} bytes were sent but the store holds {told}",
                hint="run the same command again; if it happens again the store loses data",
            )
        if self._store.quirks.md5_etags and etag and found.etag != etag:
            raise IntegrityError(
                f"{printable(item.name)}: the store holds other bytes than were sent",
                hint="run the same command again; if it happens again the store or a proxy before it damages data",
            )
        return Uploaded(replace(found.stored, key=key), item.name, digest, item.media_type, item.inline, item.members)


def _fill(source: Source, view: memoryview, halt: Halt) -> None:
    filled = 0
    while filled < len(view):
        halt.check()
        count = source.readinto(view[filled : filled + BLOCK])
        if not count:
            return
        filled += count


def _finish(source: Source) -> None:
    """Ask for what lies behind the last byte, which makes the source compare itself with what intake saw."""
    source.readinto(bytearray(1))


def _whole_etag(parts: Sequence[RemotePart]) -> str:
    """The ETag that the AWS form gives the whole for the ETags of its parts."""
    joined = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"
