"""The end of deliveries: revoked now with proof, or tidied up after their time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from delivery.errors import IntegrityError, StoreRefusedError
from delivery.escape import printable
from delivery.hosting.journal import KEPT, prefixes, unfinished
from delivery.hosting.names import OURS, own_place
from delivery.hosting.upload import abort_pending, pending
from delivery.progress import CancelToken, Halt, NullProgress, Progress
from delivery.storage.base import PendingUpload, Store
from delivery.storage.lanes import each
from delivery.storage.probe import probe
from delivery.storage.watch import Watch
from delivery.storage.wire import Wire

_PROOF_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Revoked:
    """What :func:`revoke` removed and proved, or would remove."""

    removed: int
    """Objects, the page and leftovers of a broken upload among them."""
    parts: int
    """Uploads that were never completed."""
    proven: int
    """Keys whose links were tried afterwards and did not open."""
    names: tuple[str, ...] = ()
    """Of the objects, as their keys end."""

    def __add__(self, other: Revoked) -> Revoked:
        removed, parts, proven = self.removed + other.removed, self.parts + other.parts, self.proven + other.proven
        return Revoked(removed, parts, proven, self.names + other.names)


def revoke(
    store: Store,
    prefix: str,
    keys: Sequence[str],
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Revoked:
    """Remove everything under a delivery's ``prefix`` with all versions, then prove that its links are dead.

    A link dies with its object: one signed afresh for each key must not open. Raises IntegrityError when one still
    does, and what the store raises. Calling it again is harmless.
    """
    _refuse_wide(store, prefix)
    progress, halt = progress or NullProgress(), Halt(cancel or CancelToken())
    watched = store.watched(Watch(progress=progress, cancel=halt))
    known = sorted(key for key in keys if key.startswith(prefix))
    listed, found = _found(watched, prefix, known, halt, dry_run)
    names = tuple(sorted(key.removeprefix(prefix) for key in found))
    if dry_run:
        return Revoked(len(found), len(pending(watched, prefix)), 0, names)
    every = sorted(found.union(known))
    every.sort(key=lambda key: key.removeprefix(prefix) not in OURS)  # first what leads to all the others
    watched.delete(every)
    if not listed:
        progress.note(
            "the key may not list the bucket: what this machine knows of the delivery is removed; what a broken upload "
            "may have left beside it, which no link leads to, is not"
        )
    parts = abort_pending(watched, prefix)
    _prove(store, every, progress, halt)
    return Revoked(len(found), parts, len(every), names)


def _found(store: Store, prefix: str, known: Sequence[str], halt: Halt, dry_run: bool) -> tuple[bool, set[str]]:
    """Whether the key may list the place of a delivery, and what lies there; of what is ``known`` where it may not."""
    try:
        return True, {item.key for item, _ in store.keys(prefix)}
    except StoreRefusedError:

        def is_there(key: str) -> bool:
            try:
                return store.look(key) is not None
            except StoreRefusedError:  # so some answer for what is gone, to a key that may not list
                return False

        found = {key for key, there in zip(known, each(known, is_there, halt), strict=True) if there}
        if dry_run and not found:
            raise
        return False, found


def _prove(store: Store, keys: Sequence[str], progress: Progress, halt: Halt) -> None:
    watch, wires = Watch(attempts=4, progress=progress, cancel=halt), dict[str, Wire]()
    watched = store.watched(watch)

    def opens(key: str) -> bool:
        return probe(store.presign(key, _PROOF_LIFE), watch, wires=wires).opens

    def prove(key: str) -> None:
        if opens(key):
            watched.delete([key])  # a run that hears only now that it must end may have put it once more
            if opens(key):
                raise IntegrityError(
                    f"the link of {printable(key.rpartition('/')[2])} still opens after its object was removed",
                    hint="a cache or a kept version serves it; to end it now disable the access key at the store, "
                    "which ends all links that it signed",
                    code="revoke-unproven",
                )
        task.advance(1)

    with progress.task("trying that links are dead", len(keys), "files") as task:
        each(keys, prove, halt)


class Ended(NamedTuple):
    """A delivery whose time has passed."""

    prefix: str
    label: str = ""


class Pruned(NamedTuple):
    """What :func:`prune` removed, or would."""

    deliveries: int = 0
    objects: int = 0
    size: int = 0
    parts: int = 0
    """Uploads that were never completed."""
    labels: tuple[str, ...] = ()
    """Of the deliveries."""
    empty: tuple[str, ...] = ()
    """The labels of ended ones of which nothing was there any more."""


def prune(
    store: Store,
    ended: Iterable[Ended],
    *,
    now: datetime,
    in_use: Collection[str] = (),
    dry_run: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Pruned:
    """Remove the objects of ``ended`` deliveries, and uploads that nobody has gone on with for two weeks.

    Only what carries a delivery's own random prefix is ever touched. Unfinished uploads of which something was sent
    since stay, as do those that a run works on now: one with a journal here, or under a prefix that is ``in_use``.
    """
    progress, cancel = progress or NullProgress(), cancel or CancelToken()
    watched = store.watched(Watch(progress=progress, cancel=cancel))
    labels: list[str] = []
    empty: list[str] = []
    objects = size = 0
    for item in ended:
        _refuse_wide(store, item.prefix)
        found = [stored for stored, _ in watched.keys(item.prefix)]
        if not found:
            empty.append(item.label)
            continue
        labels.append(item.label)
        objects, size = objects + len(found), size + sum(row.size for row in found)
        if not dry_run:
            watched.delete([row.key for row in found])
    parts = _prune_unfinished(watched, now, in_use, dry_run)
    return Pruned(len(labels), objects, size, parts, tuple(labels), tuple(empty))


def give_up(
    store: Store,
    names: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Pruned:
    """Remove what unfinished deliveries of ``names`` (None: all) have sent to this bucket, and forget them."""
    watched = store.watched(Watch(progress=progress or NullProgress(), cancel=cancel or CancelToken()))
    objects = size = parts = 0
    with unfinished(store, names) as journals:
        for journal in journals:
            found = [stored for stored, _ in watched.keys(journal.prefix)]
            watched.delete([row.key for row in found])
            objects, size = objects + len(found), size + sum(row.size for row in found)
            for key, begun in journal.begun.items():
                watched.abort(key, begun.upload_id)
                parts += 1
            parts += abort_pending(watched, journal.prefix)
            journal.finish()
        return Pruned(len(journals), objects, size, parts)


def forget_done(store: Store, is_done: Callable[[str], bool]) -> None:
    """Forget the journals of prefixes that ``is_done`` knows: their run was killed when it had nothing else left to do.

    What lies there was delivered, so it is neither gone on with nor given up.
    """
    if any(map(is_done, prefixes(store))):
        with unfinished(store) as journals:
            for journal in journals:
                if is_done(journal.prefix):
                    journal.finish()


def _prune_unfinished(store: Store, now: datetime, in_use: Collection[str], dry_run: bool) -> int:
    gone: set[str] = set()
    given_up: set[str] = set()
    with unfinished(store) as journals:
        for journal in journals:
            if journal.touched_at + KEPT > now:
                continue
            gone.add(journal.prefix)
            given_up |= {begun.upload_id for begun in journal.begun.values()}
            if not dry_run:
                store.delete([row.key for row, _ in store.keys(journal.prefix)])
                for key, begun in journal.begun.items():
                    store.abort(key, begun.upload_id)
                journal.finish()
    if not store.quirks.multipart:
        return len(given_up)
    kept = {None, *in_use, *prefixes(store)} - gone
    for item in list(store.pending(store.prefix)):
        if own_place(item.key, store.prefix) in kept or item.upload_id in given_up:
            continue
        if _touched_at(store, item) + KEPT <= now:
            given_up.add(item.upload_id)
            if not dry_run:
                store.abort(item.key, item.upload_id)
    return len(given_up)


def _touched_at(store: Store, item: PendingUpload) -> datetime:
    """When its last part was sent; the uploads of runs on other machines are known by nothing else."""
    sent = (part.sent_at for part in store.parts(item.key, item.upload_id) or ())
    return max((at for at in sent if at is not None), default=item.begun_at)


def _refuse_wide(store: Store, prefix: str) -> None:
    """A prefix that is not one delivery's own could take other people's files with it."""
    if own_place(prefix, store.prefix) != prefix:
        raise StoreRefusedError(
            f"{printable(prefix) or 'the whole bucket'} is not the place of one delivery",
            hint="check prefix in the store's section: it must be what it was when the delivery was made",
            code="not-a-delivery",
        )
