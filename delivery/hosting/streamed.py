"""One stream, whose end nobody knows, sent in parts as it comes: from memory, hashed in the pass, never spooled.

It can be read once only, so a part is sent again from its buffer, and an upload that fails is not resumed but removed.
"""

from __future__ import annotations

import hashlib
import secrets
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from delivery.buffers import MOST
from delivery.crc import crc32
from delivery.errors import UsageError
from delivery.escape import printable
from delivery.hosting.at_once import put
from delivery.hosting.bodies import MemoryBody
from delivery.hosting.in_parts import (
    MOST_PARTS,
    SentPart,
    complete,
    give_back,
    give_up,
    give_up_after_failure,
    part_size,
    proves_parts,
    send_part,
)
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Begun
from delivery.hosting.names import headers_for
from delivery.hosting.run import Run
from delivery.hosting.settle import settled
from delivery.intake.streams import Stream
from delivery.progress import one_failure_stops_all
from delivery.storage.base import TAG
from delivery.units import format_size


def step_of(size: int, wanted: int) -> int:
    """The size of each part: two fit the memory, one filled while the other is on its way, unless so long a stream
    needs larger ones."""
    return min(part_size(size, min(wanted, MOST // 2)), MOST)


def send_stream(run: Run, item: Upload, key: str) -> Uploaded:
    """Send the stream of ``item`` to its end; one that fits a single part goes in a single request.

    Raises LocalError for a broken stream, UsageError for one that is longer than the store's parts hold, and what the
    store raises. Then nothing of it is left in the store.
    """
    with run.turn:  # up to the end: its parts lie in memory
        return _in_turn(run, item, key)


def _in_turn(run: Run, item: Upload, key: str) -> Uploaded:
    content = item.entry.content
    assert content is not None and not isinstance(content, bytes)
    source = content if isinstance(content, Stream) else Stream(item.entry)
    source.begin()
    if run.journal is not None and (before := run.journal.begun.get(key)) is not None:
        give_up(run, key, before)
    step = step_of(item.entry.size, run.options.part_size)
    buffer = run.buffers.wait(step)
    filled = source.fill(buffer[:step])
    run.halt.check()
    if run.journal is not None:  # only now, since one that is called off before has left nothing
        run.journal.note_place()
    if filled == step:
        return _in_parts(run, item, key, source, buffer, step)
    try:
        return _whole(run, item, key, buffer[:filled])
    finally:
        run.buffers.give(buffer)


def _whole(run: Run, item: Upload, key: str, data: memoryview) -> Uploaded:
    headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
    digest = hashlib.sha256(data).hexdigest()
    etag = put(run, key, MemoryBody(data, run.task.advance, run.pace, sha256=digest), headers, tag)
    return settled(run, _sized(item, len(data)), key, digest, tag, etag, None)


def _in_parts(run: Run, item: Upload, key: str, source: Stream, first: memoryview, step: int) -> Uploaded:
    headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
    begun = Begun(run.store.begin(key, headers, metadata={TAG: tag}), step, 0, tag)
    if run.journal is not None:  # so that what a kill leaves is found and removed
        run.journal.note_begun(key, begun.upload_id, begun.part_size, 0, tag)
    try:
        parts, size, digest = _send(replace(run, journal=None), item, key, source, begun, first)
        etag, crc = complete(run, key, begun, parts)
    except BaseException:
        give_up_after_failure(run, key, begun)
        raise
    return settled(run, _sized(item, size), key, digest, tag, etag, crc)


def _send(
    run: Run, item: Upload, key: str, source: Stream, begun: Begun, first: memoryview
) -> tuple[list[SentPart], int, str]:
    """Every part, the size and the digest."""
    step, whole, size = begun.part_size, hashlib.sha256(), 0
    slots: list[Future[SentPart]] = []
    buffer, filled = first, step
    with one_failure_stops_all(run.halt, slots):
        while filled:
            run.halt.check()
            number = len(slots) + 1
            size += filled
            _refuse_too_long(run, item, number, size, step)
            whole.update(buffer[:filled])
            digest = whole.hexdigest()
            run.large_lanes.wait()
            slots.append(run.large_lanes.submit(_send_buffer, run, buffer[:filled], key, begun, number, digest))
            slots[-1].add_done_callback(partial(give_back, run, buffer))
            if filled < step:
                break
            buffer = run.buffers.wait(step)
            filled = source.fill(buffer[:step])
        run.halt.check()
        return [slot.result() for slot in slots], size, whole.hexdigest()


def _send_buffer(run: Run, data: memoryview, key: str, begun: Begun, number: int, digest: str) -> SentPart:
    proof = hashlib.sha256(data).hexdigest() if proves_parts(run) else None
    crc = crc32(data) if run.store.quirks.checksum == "crc32" else 0
    body = MemoryBody(data, run.task.advance, run.pace, sha256=proof)
    return send_part(run, key, begun, number, body, crc, digest)


def _refuse_too_long(run: Run, item: Upload, number: int, size: int, step: int) -> None:
    quirks = run.store.quirks
    if number > MOST_PARTS or size > quirks.max_object:
        most = min(MOST_PARTS * step, quirks.max_object)
        raise UsageError(
            f"the stream {printable(item.name)} is longer than {format_size(most)}, "
            f"the most that parts of {format_size(step)} hold",
            hint="raise part_size in [upload], or state the stream's size",
            code="too-large-for-store",
        )


def _sized(item: Upload, size: int) -> Upload:
    return item._replace(entry=replace(item.entry, size=size, content=None, known_size=True))
