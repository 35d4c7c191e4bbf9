"""One file sent in a single request."""

from __future__ import annotations

import secrets

from delivery.hosting.bodies import FileBody, MemoryBody
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.names import headers_for
from delivery.hosting.reading import fill, finish
from delivery.hosting.run import Run
from delivery.hosting.settle import noted, settled
from delivery.intake.source import Source
from delivery.model import StoredObject
from delivery.storage.base import TAG, Body, ObjectHeaders
from delivery.storage.faults import ObjectExistsError

HELD = 8 * 1024**2
"""For small files under way, all together; a larger one is streamed."""


def send_at_once(run: Run, item: Upload, key: str) -> Uploaded:
    """What fits one part's memory is hashed first, so that its digest signs it; else it is hashed as it goes."""
    headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
    if item.entry.size > min(run.options.part_size, HELD):
        streamed = FileBody(item.entry, run.task.advance, run.pace)
        etag = put(run, key, streamed, headers, tag)
        digest = streamed.digest
    else:
        with run.room.taken(item.entry.size), Source(item.entry) as source:
            data = memoryview(bytearray(item.entry.size))
            fill(source, data, run.halt)
            finish(source)
            digest = source.sha256
            held = MemoryBody(data, run.task.advance, run.pace, sha256=digest)
            etag = put(run, key, held, headers, tag)
        if run.store.quirks.signed_payload and not run.options.verify:
            # It was signed with this digest: a store that took it has compared it. Its link is tried later.
            return noted(run, item, StoredObject(key, item.entry.size, f"sha256:{digest}"), digest, tag)
    return settled(run, item, key, digest, tag, etag, None)


def put(run: Run, key: str, body: Body, headers: ObjectHeaders, tag: str) -> str:
    """Its ETag. What is there already is ours, from a try whose answer was lost, or an earlier run's."""
    try:
        return run.store.put(key, body, headers, metadata={TAG: tag}, new=True)
    except ObjectExistsError:
        found = run.store.look(key)
        if found is not None and found.stored.size == body.size and found.metadata.get(TAG) == tag:
            return found.etag
        return run.store.put(key, body, headers, metadata={TAG: tag})
