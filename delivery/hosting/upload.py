"""Files up to a store: hashed in the pass that sends them, in parts where they are large, memory flat, resumable."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime

from delivery.buffers import Buffers
from delivery.errors import StoreRefusedError, UsageError
from delivery.escape import printable
from delivery.hosting.in_parts import is_large
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Journal
from delivery.hosting.names import key_names, new_token
from delivery.hosting.pace import Pace
from delivery.hosting.run import Run
from delivery.hosting.send import send
from delivery.model import StoredObject
from delivery.options import UploadOptions
from delivery.progress import CancelToken, Halt, NullProgress, Progress, one_failure_stops_all
from delivery.storage.base import PendingUpload, Store
from delivery.storage.growth import FEWEST, MOST
from delivery.storage.lanes import SMALL_AT_ONCE, Lanes
from delivery.storage.watch import Watch
from delivery.units import format_size

_LARGE_AT_ONCE = 2
"""Of large files one is read, and one is waited for: its last parts, and the store's answers at its two ends."""


def new_prefix(store: Store) -> str:
    """Where one delivery's objects go: the store's own prefix and 160 random bits."""
    return f"{store.prefix}{new_token()}/"


def upload(
    store: Store,
    uploads: Sequence[Upload],
    *,
    prefix: str,
    journal: Journal | None = None,
    known: Sequence[StoredObject] = (),
    options: UploadOptions | None = None,
    until: datetime | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Uploaded, ...]:
    """Send all of ``uploads`` under ``prefix`` (see :func:`new_prefix`), in their order.

    With a ``journal`` (see :func:`~delivery.hosting.journal_for`, whose prefix is then the one to give) what an earlier
    run has sent is checked and not sent again, and a failure leaves what was sent for the next run; without one a
    failure removes it.

    ``known`` are objects of earlier deliveries in this bucket, with ``sha256:`` checksums and ETags: a file with the
    same bytes is copied inside the store instead of being sent, from where they still are.

    ``until`` is when links to them are to end: what an earlier run has sent and a lifecycle rule removes before is sent
    again, which puts its end off.

    Raises what the store raises, SourceChangedError and LocalError for a file, IntegrityError when the stored object is
    not what was sent, UsageError for a file that the store cannot hold, Cancelled.
    """
    options = options or UploadOptions()
    progress = progress or NullProgress()
    _refuse_too_large(store, uploads)
    halt = Halt(cancel or CancelToken())
    keys = [prefix + name for name in key_names(item.key_name or item.name for item in uploads)]
    total = sum(item.entry.size for item in uploads) if all(item.entry.known_size for item in uploads) else None
    watched, pace = store.watched(Watch(options.attempts, progress, halt)), Pace(options.bwlimit, halt)
    with (
        progress.task("uploading", total, "bytes") as task,
        _lanes(options.threads, 1, halt) as lanes,
        _lanes(options.threads, SMALL_AT_ONCE, halt) as small_lanes,
        Lanes(_LARGE_AT_ONCE, _LARGE_AT_ONCE, halt) as large_files,
    ):
        lasting = [item for item in known if not item.key.startswith(prefix)]  # what this run may not write over
        buffers = Buffers(halt)
        run = Run(watched, options, journal, task, progress, halt, pace, buffers, lanes, small_lanes, lasting, until)
        large = [is_large(run, item) for item in uploads]
        slots: dict[int, Future[Uploaded]] = {}
        done: dict[int, Uploaded] = {}
        with one_failure_stops_all(halt, slots.values()):
            for place, item in enumerate(uploads):
                if item.entry.content is None:
                    workers = large_files if large[place] else run.lanes(item.entry.size)
                    slots[place] = workers.submit(send, run, item, keys[place])
            for place, item in enumerate(uploads):
                if place not in slots:  # a stream may be bound to this thread, and block it, which a signal can end
                    done[place] = send(run, item, keys[place])
            done |= {place: slot.result() for place, slot in slots.items()}
            if journal is not None and journal.resumed and any(large):
                abort_pending(watched, prefix)  # what it began and did not live to note
    return tuple(done[place] for place in range(len(uploads)))


def _refuse_too_large(store: Store, uploads: Sequence[Upload]) -> None:
    for item in uploads:
        if item.entry.size > store.quirks.max_object:
            raise UsageError(
                f"{printable(item.name)} is larger than {format_size(store.quirks.max_object)}, the most that "
                f"{store.quirks.title} holds in one object",
                hint="deliver it in smaller pieces, or choose another store",
                code="too-large-for-store",
            )


def pending(store: Store, prefix: str) -> list[PendingUpload]:
    """Uploads under ``prefix`` that were never completed; none for a key that may not list: the lifecycle rule clears
    them."""
    try:
        return list(store.pending(prefix)) if store.quirks.multipart else []
    except StoreRefusedError:
        return []


def abort_pending(store: Store, prefix: str) -> int:
    """How many there were."""
    found = pending(store, prefix)
    for item in found:
        store.abort(item.key, item.upload_id)
    return len(found)


def _lanes(threads: int | None, times: int, halt: Halt) -> Lanes:
    return Lanes(threads * times, threads * times, halt) if threads else Lanes(FEWEST * times, MOST, halt)
