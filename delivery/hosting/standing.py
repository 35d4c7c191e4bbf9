"""A delivery with a name of its own, which later runs go on with: on any machine, with nothing but the bucket.

Its journal lies in the bucket (see ``record``), claimed by one run at a time. A second run at the same time gets a
place of its own, as two runs without a name do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from delivery.errors import DeliveryError, StoreRefusedError, StoreUnreachableError
from delivery.hosting import record
from delivery.hosting.journal import Journal, JournalFile, journal_for
from delivery.hosting.names import new_token
from delivery.hosting.record import Standing
from delivery.progress import CancelToken, NullProgress, Progress
from delivery.storage.base import Store
from delivery.storage.faults import ObjectExistsError
from delivery.storage.watch import Watch

CLAIM = timedelta(minutes=5)
"""How long a run that has died holds others off."""
_BEAT = 60.0


@dataclass(frozen=True)
class OneTime:
    """The place of a delivery that no later run goes on with, once it is done; its record only tells of its end.

    Its journal is forgotten when the block around it ends well: what comes after the upload may still fail.
    """

    journal: JournalFile
    store: Store
    id: str
    keep_until: datetime | None

    def finish(self, keys: Sequence[str], links_end: datetime | None) -> None:
        if self.keep_until is not None:
            now, key = datetime.now(UTC), f"{record.place_of(self.store, self.id)}.json"
            record.put(self.store, key, Standing(self.id, self.journal.prefix, now, links_end, self.keep_until))


class Kept:
    """The place of a standing delivery while a run works on it: its journal, saved now and then and at the end."""

    def __init__(self, store: Store, key: str, found: Standing, etag: str) -> None:
        self._store = store
        self._key = key
        self._record = found
        self._etag = etag
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._beat = threading.Thread(target=self._keep_claim, name="delivery-claim", daemon=True)
        self.finished = False
        self.journal: Journal = _Remote(found.prefix, self)
        for line in found.journal:
            self.journal.take(line)

    def begin(self) -> None:
        self._beat.start()

    def end(self) -> None:
        """Let others have it; what was sent stays noted."""
        self._stop.set()
        self._beat.join()
        if not self.finished:
            with suppress(DeliveryError):
                self.save(claimed_by="", claimed_until=None)

    def finish(self, keys: Sequence[str], links_end: datetime | None) -> None:
        """All of ``keys`` are the delivery now; whatever else lies in its place, from earlier runs, is removed."""
        for stale in [*self.journal.done, *self.journal.begun]:
            if stale not in keys:
                self.journal.done.pop(stale, None)
                self.journal.begun.pop(stale, None)
        self.save(claimed_by="", claimed_until=None, links_end=links_end)
        self.finished = True
        with suppress(StoreRefusedError):  # a key that may not list or remove; `prune` removes it with the rest
            wanted = set(keys)
            old = [item.key for item, _ in self._store.keys(self.journal.prefix) if item.key not in wanted]
            self._store.delete(old)

    def save(self, **changes: Any) -> None:
        """Write the record as it is now. Raises StoreUnreachableError when another run has taken the place."""
        with self._lock:
            fresh = replace(self._record, touched_at=datetime.now(UTC), journal=tuple(self.journal.lines()), **changes)
            try:
                etag = record.put(self._store, self._key, fresh, over=self._etag)
            except ObjectExistsError as error:
                found = record.read(self._store, self._key)
                if found is None or found[0] != fresh:
                    raise StoreUnreachableError(
                        "another run took this delivery over while this one was held up",
                        hint="run the same command again",
                        code="taken-over",
                    ) from error
                etag = found[1]  # it was written, and only the answer was lost
            self._record, self._etag = fresh, etag

    def _keep_claim(self) -> None:
        while not self._stop.wait(_BEAT):
            with suppress(DeliveryError):  # the next beat tries again; the end of the run tells
                self.save(claimed_until=datetime.now(UTC) + CLAIM)


class _Remote(Journal):
    """A journal that is kept with the record."""

    def __init__(self, prefix: str, place: Kept) -> None:
        super().__init__(prefix)
        self._place = place
        self.resumed = True  # an earlier run may have been killed before its record was saved

    def _write(self, **line: Any) -> None:
        if "drop" in line:  # before the object is touched: no record may vouch for bytes that are being replaced
            self._place.save()


@contextmanager
def place_for(
    store: Store,
    names: Sequence[str],
    *,
    id: str,
    named: bool = False,
    keep_until: datetime | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Iterator[OneTime | Kept]:
    """Where one delivery's objects go, with the journal of what is there, held for the block.

    It is resumed on this machine until it is done (see :func:`~delivery.hosting.journal_for`); where ``id`` is a name,
    it stands: every later run of that name, on any machine, finds it. ``keep_until`` is when its files may go.
    """
    progress = progress or NullProgress()
    watched = store.watched(Watch(progress=progress, cancel=cancel or CancelToken()))
    if not named:
        with journal_for(store, names) as journal:
            yield OneTime(journal, watched, id, keep_until)
            journal.finish()
        return
    key, claimed, etag = _claim(watched, id, keep_until, progress)
    # Letting go of it must work after a cancel too.
    place = Kept(store.watched(Watch(attempts=3, progress=progress)), key, claimed, etag)
    place.begin()
    try:
        yield place
    finally:
        place.end()


def _claim(store: Store, id: str, keep_until: datetime | None, progress: Progress) -> tuple[str, Standing, str]:
    """The key, record and ETag of ``id``'s place, ours now; of another one while a run works there."""
    now, us = datetime.now(UTC), new_token()
    key = f"{record.place_of(store, id)}.json"
    fresh = Standing(id, f"{store.prefix}{new_token()}/", now, None, keep_until, us, now + CLAIM)
    found = record.read(store, key)
    if found is None or not found[0].claimed(now):
        ours = fresh
        if found is not None:
            ours = replace(found[0], touched_at=now, keep_until=keep_until, claimed_by=us, claimed_until=now + CLAIM)
        try:
            etag = record.put(store, key, ours, new=found is None, over=found[1] if found else None)
            # Where the store overwrites whatever it is told to, the last one has it.
            again = None if store.quirks.conditional_put else record.read(store, key)
            if again is None or again[0].claimed_by == us:
                return key, ours, etag
        except ObjectExistsError:
            again = record.read(store, key)
            if again is None:  # something lies there that is no record
                return key, ours, record.put(store, key, ours)
            if again[0].claimed_by == us:  # it was written, and only the answer was lost
                return key, ours, again[1]
    progress.note(f"another run works on {id} now: this one gets a place of its own")
    key = f"{record.place_of(store, id)}-{us}.json"
    return key, fresh, record.put(store, key, fresh, new=True)


def take_over(store: Store, key: str, *, after: timedelta, now: datetime) -> bool:
    """Claim a delivery that is past its end, to remove it; False where a run has come back to it meanwhile."""
    found = record.read(store, key)
    if found is None or not found[0].is_over(now, after):
        return False
    ours = replace(found[0], claimed_by=new_token(), claimed_until=datetime.now(UTC) + CLAIM)
    try:
        record.put(store, key, ours, over=found[1])
    except ObjectExistsError:
        return False
    return True
