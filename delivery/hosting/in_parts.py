"""One file sent in parts, beginning where an earlier run stopped."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from delivery.crc import Crc32, combine
from delivery.errors import DeliveryError
from delivery.escape import printable
from delivery.hosting.bodies import body_of
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Begun
from delivery.hosting.names import headers_for
from delivery.hosting.reading import finish, hash_on
from delivery.hosting.run import Run
from delivery.hosting.settle import settled
from delivery.intake.source import BLOCK, Source
from delivery.memory import read_buffer
from delivery.progress import Grace, one_failure_stops_all
from delivery.storage.base import TAG, Body, RemotePart
from delivery.storage.watch import Watch

MIB = 1024**2
MOST_PARTS = 10_000
LEAST_PART = 5 * MIB
_LARGEST_PART = 5 * 1024**3
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_Result = TypeVar("_Result")


class SourceDiffers(Exception):
    """The local file is not the one whose parts the store holds."""


class SentPart(NamedTuple):
    remote: RemotePart
    crc32: int


def is_large(run: Run, item: Upload) -> bool:
    """Whether it goes in parts: a file of some size, and a stream of which nobody knows the size."""
    if item.entry.content is not None:
        return True
    quirks, size = run.store.quirks, item.entry.size
    return quirks.multipart and (size >= max(run.options.threshold, LEAST_PART) or size > quirks.max_put)


def complete(run: Run, key: str, begun: Begun, parts: Sequence[SentPart]) -> tuple[str, int | None]:
    """Make the object of its parts; the ETag and the CRC-32 that it must have, as far as the store keeps them."""
    remote, crcs = [part.remote for part in parts], [part.crc32 for part in parts]
    sizes = [part.size for part in remote]
    crc = combine(zip(crcs, sizes, strict=True)) if run.store.quirks.checksum == "crc32" else None
    run.store.complete(key, begun.upload_id, remote, tag=begun.tag, crcs=crcs, crc32=crc)
    return whole_etag(remote) if run.store.quirks.md5_etags else "", crc


def part_size(size: int, wanted: int) -> int:
    """The size of each S3 part but the last: as wanted, or whole MiB enough for 10,000 parts. Up to 48.8 TiB."""
    needed = -(-size // MOST_PARTS)
    return min(_LARGEST_PART, max(LEAST_PART, -(-max(wanted, needed) // MIB) * MIB))


def send_in_parts(run: Run, item: Upload, key: str) -> Uploaded:
    begun, held = _begun_before(run, item, key)
    while True:
        if begun is None:
            begun, held = _begin(run, item, key), {}
        try:
            parts, digest = _send_missing(run, item, key, begun, held)
            etag, crc = complete(run, key, begun, parts)
        except SourceDiffers:
            run.progress.note(f"{printable(item.name)} has changed since it was sent in part; it starts over")
            give_up(run, key, begun)
            begun = None
            continue
        except BaseException:
            if run.journal is None:
                give_up_after_failure(run, key, begun)
            raise
        return settled(run, item, key, digest, begun.tag, etag, crc)


def _begin(run: Run, item: Upload, key: str) -> Begun:
    headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
    step = part_size(item.entry.size, run.options.part_size)
    upload_id = run.store.begin(key, headers, metadata={TAG: tag})
    if run.journal is not None:
        run.journal.note_begun(key, upload_id, step, item.entry.size, tag)
    return Begun(upload_id, step, item.entry.size, tag)


def _begun_before(run: Run, item: Upload, key: str) -> tuple[Begun | None, dict[int, RemotePart]]:
    """The upload that the journal remembers, with the parts that the store holds as the journal knows them."""
    begun = run.journal.begun.get(key) if run.journal else None
    if begun is None:
        return None, {}
    rows = run.store.parts(key, begun.upload_id)
    if rows is None or begun.size != item.entry.size:
        why = "its size has changed" if rows is not None else "the store does not know the upload any more"
        run.progress.note(f"{printable(item.name)} starts over: {why}")
        give_up(run, key, begun)
        return None, {}
    known = {number: etag for number, (etag, _) in begun.parts.items()}
    held = {
        row.number: row for row in rows if known.get(row.number) == row.etag and row.size == size_of(row.number, begun)
    }
    count = -(-begun.size // begun.part_size)
    run.progress.note(f"{printable(item.name)}: {len(held):,} of {count:,} parts are in the store already")
    return begun, held


def give_up(run: Run, key: str, begun: Begun) -> None:
    """Remove what was sent in part, and forget it."""
    abort(run, key, begun)
    if run.journal is not None:
        run.journal.note_dropped(key)


def abort(run: Run, key: str, begun: Begun) -> None:
    """After a cancel too."""
    watch = Watch(attempts=2, progress=run.progress, cancel=Grace(run.halt))
    run.store.watched(watch).abort(key, begun.upload_id)


def give_up_after_failure(run: Run, key: str, begun: Begun) -> None:
    """The failure is the error that counts; what cannot be removed now stays noted."""
    with suppress(DeliveryError):
        give_up(run, key, begun)


def _send_missing(
    run: Run, item: Upload, key: str, begun: Begun, held: dict[int, RemotePart]
) -> tuple[list[SentPart], str]:
    """Read the file once, in order: send what the store lacks, check what it has. All parts, and the digest.

    A part is hashed here, and sent right behind from memory; where that is taken, from the file again, which the
    system has in memory then.
    """
    block = read_buffer(BLOCK)
    slots: list[Future[SentPart]] = []
    try:
        with one_failure_stops_all(run.halt, slots, but=(SourceDiffers,)):
            with run.turn, Source(item.entry) as source:
                for number, start in enumerate(range(0, begun.size, begun.part_size), 1):
                    size, crc, proof = size_of(number, begun), Crc32(), hashlib.sha256()
                    proven = proves_parts(run) and number not in held
                    buffer = None if number in held else run.buffers.take(size)
                    compared = _compares(run, again=buffer is None)
                    hash_on(source, size, buffer or block, run.halt, *[crc] * compared, *[proof] * proven)
                    if number in held:
                        _check(source, begun, number)
                        slots.append(_ready(SentPart(held[number], crc.value)))
                        run.task.advance(size)
                        continue
                    body = body_of(
                        item.entry,
                        start,
                        size,
                        buffer,
                        run.task.advance,
                        run.pace,
                        crc32=crc.value if compared else None,
                        sha256=proof.hexdigest() if proven else None,
                    )
                    run.large_lanes.wait()
                    so_far = source.sha256
                    slots.append(run.large_lanes.submit(send_part, run, key, begun, number, body, crc.value, so_far))
                    if buffer is not None:
                        slots[-1].add_done_callback(partial(give_back, run, buffer))
                finish(source)
                digest = source.sha256
            return [slot.result() for slot in slots], digest
    except SourceDiffers:
        run.task.advance(-sum(slot.result().remote.size for slot in slots))
        raise


def send_part(run: Run, key: str, begun: Begun, number: int, body: Body, crc: int, digest: str) -> SentPart:
    """Send one part. ``digest`` is of the whole file up to its end."""
    try:
        with run.large_lanes.measured(body.size):
            etag = run.store.put_part(key, begun.upload_id, number, body, crc32=crc)
        if run.journal is not None:
            run.journal.note_part(key, number, etag, digest)
        return SentPart(RemotePart(number, body.size, etag), crc)
    except BaseException:
        run.halt.cancel()
        raise


def _check(source: Source, begun: Begun, number: int) -> None:
    """All bytes up to the end of this part against what was hashed when it was sent."""
    if begun.parts[number][1] != source.sha256:
        raise SourceDiffers


def proves_parts(run: Run) -> bool:
    """Whether parts are signed with their SHA-256, which makes the store refuse damaged ones. It costs a second
    hash of every byte, which nobody notices unless there is no network in between.
    """
    if run.options.prove_parts == "auto":
        return not run.store.on_this_machine and run.store.quirks.checksum == "none"
    return run.options.prove_parts == "yes"


def _compares(run: Run, *, again: bool) -> bool:
    """Whether a part has a CRC-32: for the store, or for us where it is read ``again`` to be sent. A store on this
    machine leaves no time in which a file could change with its time kept, and shares the processor.
    """
    return run.store.quirks.checksum == "crc32" or (again and not run.store.on_this_machine)


def give_back(run: Run, buffer: memoryview, _: Future[SentPart]) -> None:
    run.buffers.give(buffer)


def _ready(result: _Result) -> Future[_Result]:
    slot: Future[_Result] = Future()
    slot.set_result(result)
    return slot


def size_of(number: int, begun: Begun) -> int:
    return min(begun.part_size, begun.size - (number - 1) * begun.part_size)


def whole_etag(parts: Sequence[RemotePart]) -> str:
    """The ETag that the AWS form gives the whole for the ETags of its parts; empty where those are no MD5."""
    if not all(_MD5.fullmatch(part.etag) for part in parts):
        return ""
    joined = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"
