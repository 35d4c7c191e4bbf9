"""One file into one object: found there already, copied inside the store, or sent whole or in parts."""

from __future__ import annotations

import secrets
from datetime import timedelta

from delivery.errors import IntegrityError, StoreRefusedError
from delivery.escape import printable
from delivery.hosting.at_once import send_at_once
from delivery.hosting.in_parts import LEAST_PART, MIB, send_in_parts
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.names import headers_for
from delivery.hosting.reading import digest_of
from delivery.hosting.run import Run
from delivery.hosting.settle import read_back, settled, uploaded
from delivery.hosting.streamed import send_stream
from delivery.storage.base import TAG, ObjectFacts

_WORTH_COPYING = MIB
_MOST_COPIED = 5 * 1024**3
_A_DAY = timedelta(days=1)
"""What lifecycle rules count in."""


def is_large(run: Run, item: Upload) -> bool:
    if item.entry.content is not None:
        return True
    quirks, size = run.store.quirks, item.entry.size
    return quirks.multipart and (size >= max(run.options.threshold, LEAST_PART) or size > quirks.max_put)


def send(run: Run, item: Upload, key: str) -> Uploaded:
    """Send ``item`` unless it is there already. Any failure stops the other workers."""
    try:
        run.halt.check()
        if item.entry.content is not None:
            return send_stream(run, item, key)
        replaces = run.journal is not None and key in run.journal.done
        there = _there_already(run, item, key)
        if there is not None:
            return there
        copied = _copied(run, item, key)
        if copied is not None:
            return copied
        return send_in_parts(run, item, key) if is_large(run, item) else send_at_once(run, item, key, new=not replaces)
    except BaseException:
        run.halt.cancel()
        raise


def _there_already(run: Run, item: Upload, key: str) -> Uploaded | None:
    """The object when the journal says that it was sent, the store still has it, and the file is the same."""
    done = run.journal.done.get(key) if run.journal else None
    begun = run.journal.begun.get(key) if run.journal else None
    tag = done.tag if done else begun.tag if begun else None
    if run.journal is None or tag is None:
        return None
    found = run.store.look(key)
    ours = (
        found is not None and found.stored.size == item.entry.size and _tagged(run, found, tag) and _lasts(run, found)
    )
    if not ours or found is None:
        if done is not None:
            run.journal.note_dropped(key)
        return None
    digest = digest_of(item.entry, run.halt)
    wanted = done.sha256 if done else begun.parts[max(begun.parts)][1] if begun and begun.parts else ""
    if wanted != digest:
        run.journal.note_dropped(key)
        return None
    if run.options.verify:
        try:
            read_back(run, item, key, digest)
        except IntegrityError:
            run.progress.note(f"{printable(item.name)} is in the store with other bytes; it is sent again")
            run.journal.note_dropped(key)
            return None
    run.progress.note(f"{printable(item.name)} is in the store already")
    run.task.advance(item.entry.size)
    if done is None:
        run.journal.note_done(key, item.entry.size, digest, tag)
    return uploaded(item, found.stored, digest)


def _tagged(run: Run, found: ObjectFacts, tag: str) -> bool:
    return not run.store.quirks.metadata or found.metadata.get(TAG) == tag


def _lasts(run: Run, found: ObjectFacts) -> bool:
    """Whether it outlives its links, or what is sent now would be removed as early."""
    if run.until is None or found.removed_at is None or found.removed_at >= run.until:
        return True
    return found.age is not None and found.age < _A_DAY


def _copied(run: Run, item: Upload, key: str) -> Uploaded | None:
    """A copy, made inside the store, of an earlier delivery's object with the same bytes; None without one."""
    size = item.entry.size
    alike = {known.checksum: known for known in run.known if known.size == size and known.etag}
    if not alike or not _WORTH_COPYING <= size <= _MOST_COPIED:
        return None
    digest = digest_of(item.entry, run.halt)
    source = alike.get(f"sha256:{digest}")
    found = run.store.look(source.key) if source is not None else None
    if source is None or found is None or (found.stored.size, found.etag) != (size, source.etag):
        return None
    headers, tag = headers_for(item.name, item.media_type, inline=item.inline), secrets.token_hex(16)
    try:
        run.store.copy(source, key, headers, metadata={TAG: tag})
    except StoreRefusedError:
        return None  # a store, or a key, that may not copy: it is sent
    run.progress.note(f"{printable(item.name)} was delivered before: copied inside the store, not sent again")
    run.task.advance(size)
    return settled(run, item, key, digest, tag, "", None)
