"""A file that an earlier delivery has brought to the store, copied there instead of being sent."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress

from delivery.errors import DeliveryError, StoreRefusedError, StoreUnreachableError
from delivery.escape import printable
from delivery.hosting.in_parts import MIB, abort, is_large, part_size, size_of, whole_etag
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Begun
from delivery.hosting.names import headers_for
from delivery.hosting.run import Run
from delivery.hosting.settle import settled
from delivery.intake.digest import digest_of
from delivery.model import StoredObject
from delivery.progress import CancelToken, Halt
from delivery.storage.base import TAG, ObjectHeaders, RemotePart, Store
from delivery.storage.lanes import each
from delivery.storage.watch import Watch

_WORTH_IT = MIB
_AT_ONCE = 256 * MIB
"""More of it takes some stores so long that the connection is given up before they say a word."""
_MOST_AT_ONCE = 5 * 1024**3
"""What S3 copies in one request."""
_NO_COPY = (StoreRefusedError, StoreUnreachableError)
"""A store, or a key, that may not, or that takes too long: the file can be sent still."""
_TRIES = 2
_Way = Callable[[Run, StoredObject, str, ObjectHeaders, str], str]


def copied(run: Run, item: Upload, key: str) -> Uploaded | None:
    """A copy of an earlier delivery's object with the same bytes; None where there is none, or the store makes none."""
    size = item.entry.size
    alike = {known.checksum: known for known in run.known if known.size == size and known.etag}
    if not alike or size < _WORTH_IT:
        return None
    digest = digest_of(item.entry, run.halt)
    source = alike.get(f"sha256:{digest}")
    found = run.store.look(source.key) if source is not None else None
    if source is None or found is None or (found.stored.size, found.etag) != (size, source.etag):
        return None
    headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
    for way in _ways(run, item):
        try:
            etag = way(run, source, key, headers, tag)
        except _NO_COPY:
            continue
        run.progress.note(f"{printable(item.name)} was delivered before: copied inside the store, not sent again")
        run.task.advance(size)
        return settled(run, item, key, digest, tag, etag, None)
    return None


def _ways(run: Run, item: Upload) -> Iterator[_Way]:
    if item.entry.size > _AT_ONCE and is_large(run, item):
        yield _in_parts
    if item.entry.size <= _MOST_AT_ONCE:
        yield _at_once


def _at_once(run: Run, source: StoredObject, key: str, headers: ObjectHeaders, tag: str) -> str:
    _impatient(run, run.halt).copy(source, key, headers, metadata={TAG: tag})
    return ""


def _in_parts(run: Run, source: StoredObject, key: str, headers: ObjectHeaders, tag: str) -> str:
    """The ETag that the copy must have. No journal tells of it: made again, it costs the store's time alone."""
    halt = Halt(run.halt)
    store, step = _impatient(run, halt), part_size(source.size, _AT_ONCE)
    begun = Begun(store.begin(key, headers, metadata={TAG: tag}), step, source.size, tag)

    def part(number: int) -> RemotePart:
        size = size_of(number, begun)
        etag = store.copy_part(source, (number - 1) * step, size, key, begun.upload_id, number)
        return RemotePart(number, size, etag)

    try:
        parts = each(range(1, -(-source.size // step) + 1), part, halt)
        store.complete(key, begun.upload_id, parts, tag=tag)
    except BaseException as error:
        if run.journal is None or isinstance(error, _NO_COPY):  # else a later run clears it, and a cancel is at once
            with suppress(DeliveryError):
                abort(run, key, begun)
        raise
    return whole_etag(parts) if run.store.quirks.md5_etags else ""


def _impatient(run: Run, cancel: CancelToken) -> Store:
    """The store, asked less often than where nothing else would do."""
    return run.store.watched(Watch(_TRIES, run.progress, cancel))
