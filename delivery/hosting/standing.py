"""A delivery with a name of its own, which later runs go on with: on any machine, with nothing but the bucket.

Its journal lies in the bucket (see ``record``), claimed by one run at a time (see ``claim``). A second run at the same
time gets a place of its own, as two runs without a name do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from delivery.errors import DeliveryError, StoreRefusedError, StoreUnreachableError
from delivery.escape import listed
from delivery.hosting import record
from delivery.hosting.claim import claim_place, write_claim
from delivery.hosting.hold import Hold, clocks
from delivery.hosting.journal import Journal, JournalFile, journal_for
from delivery.hosting.names import new_token
from delivery.hosting.record import Found, Standing
from delivery.progress import CancelToken, Grace, Halted, NullProgress, Progress
from delivery.storage.base import Store
from delivery.storage.faults import ObjectExistsError, ObjectGoneError
from delivery.storage.watch import Watch

_BEAT = 60.0
_NAMED = 5


@dataclass(frozen=True)
class OneTime:
    """The place of a delivery that no later run goes on with, once it is done; its record only tells of its end.

    Its journal is forgotten when the block around it ends well: what comes after the upload may still fail.
    """

    journal: JournalFile
    store: Store
    id: str
    keep_until: datetime | None
    cancel: CancelToken
    promised: None = None
    """Nobody has a link to it yet."""

    def finish(self, keys: Sequence[str], links_end: datetime | None) -> tuple[str, ...]:
        if self.keep_until is not None:
            now, key = datetime.now(UTC), f"{record.place_of(self.store, self.id)}.json"
            record.put(self.store, key, Standing(self.id, self.journal.prefix, now, links_end, self.keep_until))
        return ()


class Kept:
    """The place of a standing delivery while a run works on it: its journal, saved now and then and at the end."""

    def __init__(self, store: Store, key: str, ours: Standing, etag: str, cancel: CancelToken) -> None:
        self._store = store
        self._key = key
        self._record = ours
        self._etag = etag
        self._us = ours.claimed_by
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._beat = threading.Thread(target=self._keep_claim, name="delivery-claim", daemon=True)
        self._released = False
        self.cancel = Hold(cancel, self.save, trusted=record.CLAIM.total_seconds() - _BEAT)
        """For all that is done in this place: nothing goes on there once the delivery is another run's."""
        self.journal: Journal = _Remote(ours.prefix, self)
        for line in ours.journal:
            self.journal.take(line)

    @property
    def promised(self) -> datetime | None:
        """The latest end of all links that earlier runs and renewals signed."""
        return self._record.links_end

    def begin(self) -> None:
        self._beat.start()

    def end(self) -> None:
        """Let others have it; what was sent stays noted."""
        self._stop.set()
        self._beat.join()
        with suppress(DeliveryError):
            self.save(release=True)

    def need(self, until: datetime | None) -> None:
        """Links to its objects are signed up to then; None: nobody knows up to when."""
        self.save(needed_until=until or record.of_unknown_end())

    def finish(self, keys: Sequence[str], links_end: datetime | None) -> tuple[str, ...]:
        """All of ``keys`` are the delivery now; whatever else lies in its place, from earlier runs, is removed.

        What the user should be told of that.
        """
        told: tuple[str, ...] = ()
        for stale in [*self.journal.done, *self.journal.begun]:
            if stale not in keys:
                self.journal.done.pop(stale, None)
                self.journal.begun.pop(stale, None)
        with suppress(StoreRefusedError):  # a key that may not list or remove; `prune` removes it with the rest
            wanted = set(keys)
            old = [item.key for item, _ in self._store.keys(self.journal.prefix) if item.key not in wanted]
            if old:
                self.save()  # it is ours: nobody else's new files are among them
                self._store.delete(old)
                told = (self._removed([key.removeprefix(self.journal.prefix) for key in old]),)
        self.save(release=True, needed_until=links_end or record.of_unknown_end())
        return told

    def _removed(self, names: list[str]) -> str:
        return (
            f"an earlier run of {self._record.id} sent {listed(names, most=_NAMED)} too: removed now, "
            "and links to it are dead; two deliveries need an --id each"
        )

    def save(self, *, release: bool = False, needed_until: datetime | None = None) -> None:
        """Write the record as it is now, which proves that it is ours; ``release``: for the last time.

        Raises StoreUnreachableError when another run has taken the place.
        """
        with self._lock:
            if self._released:
                return
            asked_at = clocks()
            if not self._store.quirks.conditional_put:
                self._look()
            for _ in range(record.TRIES):
                fresh = self._fresh(release, needed_until)
                try:
                    etag = record.put(self._store, self._key, fresh, over=self._etag)
                    self._record, self._etag = fresh, etag
                except (ObjectExistsError, ObjectGoneError):
                    if not self._take(record.read(self._store, self._key), wrote=fresh):
                        continue
                self._released = release
                self.cancel.proven(asked_at)
                return
            raise StoreUnreachableError(
                "the record of this delivery changed each time that it was to be written",
                hint="run the same command again: it goes on where it stopped",
            )

    def _fresh(self, release: bool, needed_until: datetime | None) -> Standing:
        now, kept = datetime.now(UTC), self._record if needed_until is None else self._record.needed(needed_until)
        claim: dict[str, Any] = {"claimed_by": self._us, "claimed_until": now + record.CLAIM}
        if release:
            claim = {"claimed_by": "", "claimed_until": None}
        return kept._replace(touched_at=now, journal=tuple(self.journal.lines()), **claim)

    def _look(self) -> None:
        there = self._store.look(self._key)
        if there is None or there.etag != self._etag:
            self._take(record.read(self._store, self._key))

    def _take(self, found: Found | None, *, wrote: Standing | None = None) -> bool:
        """Go on from what lies in the store, which others may have noted new links in.

        Whether it is what we ``wrote``, and only the answer was lost.

        Raises StoreUnreachableError where it is another's.
        """
        written = found is not None and wrote is not None and found.record.touched_at == wrote.touched_at
        if found is None or not (written or found.record.claimed_by == self._us):
            error = StoreUnreachableError(
                "another run took this delivery over, or revoked it, while this one was held up",
                hint="run the same command again",
                code="taken-over",
            )
            self.cancel.lose(error)
            raise error
        self._record, self._etag = found.record, found.etag
        return written

    def _keep_claim(self) -> None:
        while not self._stop.wait(_BEAT) and self.cancel.lost is None:
            with suppress(DeliveryError):  # the next beat tries again
                self.save()


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
    What is done there must listen to the ``cancel`` of the place, which listens to the one that is given.
    """
    progress, cancel = progress or NullProgress(), cancel or CancelToken()
    watched = store.watched(Watch(progress=progress, cancel=cancel))
    if not named:
        with journal_for(store, names) as journal:
            yield OneTime(journal, watched, id, keep_until, cancel)
            journal.finish()
        return
    key, claimed, etag = claim_place(watched, id, keep_until, progress)
    with _working(store, key, claimed, etag, progress, cancel) as place:
        yield place


@contextmanager
def standing_place(store: Store, id: str, prefix: str, *, cancel: CancelToken) -> Iterator[Kept | None]:
    """The standing delivery ``id`` under ``prefix``, with no run that works on it, held for the block as by such a run.

    None where no record tells of it: nobody comes back to it. Raises StoreUnreachableError while a run has it.
    """
    for key in record.standing_of(store, id):
        found = record.read(store, key)
        if found is not None and found.record.prefix == prefix:
            now = datetime.now(UTC)
            ours = found.record._replace(claimed_by=new_token(), claimed_until=now + record.CLAIM)
            etag = None if found.claimed(now) else write_claim(store, key, ours, found)
            if etag is None:
                raise StoreUnreachableError(
                    f"another run works on {id} now, or was killed less than five minutes ago",
                    hint="run the same command again when it has ended",
                    code="in-use",
                )
            with _working(store, key, ours, etag, NullProgress(), cancel) as place:
                yield place
            return
    yield None


@contextmanager
def _working(
    store: Store, key: str, ours: Standing, etag: str, progress: Progress, cancel: CancelToken
) -> Iterator[Kept]:
    # It is let go of after a cancel too; where that fails, the claim runs out by itself.
    place = Kept(store.watched(Watch(attempts=3, progress=progress, cancel=Grace(cancel))), key, ours, etag, cancel)
    place.begin()
    try:
        yield place
    except Halted:
        if place.cancel.lost is not None:
            raise place.cancel.lost from None
        raise
    finally:
        place.end()
