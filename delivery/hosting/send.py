"""One file into one object: found there already, copied inside the store, or sent whole or in parts."""

from __future__ import annotations

from datetime import timedelta

from delivery.errors import IntegrityError
from delivery.escape import printable
from delivery.hosting.at_once import send_at_once
from delivery.hosting.copying import copied
from delivery.hosting.in_parts import is_large, send_in_parts
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.run import Run
from delivery.hosting.settle import read_back, uploaded
from delivery.hosting.streamed import send_stream
from delivery.intake.digest import digest_of
from delivery.storage.base import TAG, ObjectFacts

_A_DAY = timedelta(days=1)
"""What lifecycle rules count in."""


def send(run: Run, item: Upload, key: str) -> Uploaded:
    """Send ``item`` unless it is there already. Any failure stops the other workers."""
    try:
        run.halt.check()
        if item.entry.content is not None:
            return send_stream(run, item, key)
        if run.journal is not None:
            run.journal.note_place()
        replaces = run.journal is not None and key in run.journal.done
        there = _there_already(run, item, key)
        if there is not None:
            return there
        there = copied(run, item, key)
        if there is not None:
            return there
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
