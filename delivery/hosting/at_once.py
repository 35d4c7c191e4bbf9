"""One file sent in a single request."""

from __future__ import annotations

import secrets

from delivery.crc import Crc32
from delivery.hosting.bodies import FileBody, body_of
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.names import headers_for
from delivery.hosting.reading import finish, hash_on
from delivery.hosting.run import Run
from delivery.hosting.settle import noted, settled
from delivery.intake.source import BLOCK, Source
from delivery.memory import read_buffer
from delivery.model import FileEntry, StoredObject
from delivery.storage.base import TAG, Body, ObjectHeaders
from delivery.storage.faults import ObjectExistsError

_HASHED_FIRST = 64 * 1024**2
"""Up to this size; what is larger would wait too long for its first byte to go."""


def send_at_once(run: Run, item: Upload, key: str, *, new: bool) -> Uploaded:
    """A file is hashed first, so that its digest signs it; a very large one is hashed as it goes.

    ``new``: the key is not known to hold anything.
    """
    headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
    if item.entry.size > _HASHED_FIRST:
        streamed = FileBody(item.entry, run.task.advance, run.pace)
        etag = _put_measured(run, key, streamed, headers, tag, new)
        digest = streamed.digest
    else:
        with run.buffers.taken(item.entry.size) as buffer:
            body, digest = _hashed(run, item.entry, buffer)
            etag = _put_measured(run, key, body, headers, tag, new)
        if run.store.quirks.signed_payload and not run.options.verify:
            # It was signed with this digest: a store that took it has compared it. Its link is tried later.
            return noted(run, item, StoredObject(key, item.entry.size, f"sha256:{digest}", etag), digest, tag)
    return settled(run, item, key, digest, tag, etag, None)


def _hashed(run: Run, entry: FileEntry, buffer: memoryview | None) -> tuple[Body, str]:
    """The body of a file and its digest. It is read once if there is a ``buffer`` for it, else for each of the two."""
    size, crc = entry.size, Crc32()
    with Source(entry) as source:
        hash_on(source, size, buffer or read_buffer(BLOCK), run.halt, *[] if buffer else [crc])
        finish(source)
        digest = source.sha256
    moved, pace = run.task.advance, run.pace
    return body_of(entry, 0, size, buffer, moved, pace, crc32=crc.value, sha256=digest), digest


def _put_measured(run: Run, key: str, body: Body, headers: ObjectHeaders, tag: str, new: bool) -> str:
    with run.lanes(body.size).measured(body.size):
        return put(run, key, body, headers, tag, new)


def put(run: Run, key: str, body: Body, headers: ObjectHeaders, tag: str, new: bool = True) -> str:
    """Its ETag. What is there already is ours, from a try whose answer was lost, or an earlier run's."""
    try:
        return run.store.put(key, body, headers, metadata={TAG: tag}, new=new)
    except ObjectExistsError:
        found = run.store.look(key)
        if found is not None and found.stored.size == body.size and found.metadata.get(TAG) == tag:
            return found.etag
        return run.store.put(key, body, headers, metadata={TAG: tag})
