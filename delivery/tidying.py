"""What nobody needs any more is removed: objects past their time, and what broken uploads left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from delivery import hosting, places, storage
from delivery.by_link import bucket_of
from delivery.config import Settings, settings_or_found
from delivery.errors import ConfigError, DeliveryError, StoreRefusedError, StoreUnreachableError, UsageError
from delivery.ledger import Ledger
from delivery.progress import CancelToken, Progress, hooks
from delivery.surroundings import now_in_utc
from delivery.units import LONGEST


@dataclass(frozen=True, slots=True)
class PrunedStore:
    """What :func:`prune` removed from one store, or would."""

    store: str
    pruned: hosting.Pruned


def prune(
    *,
    after: timedelta = timedelta(days=7),
    store: str | None = None,
    dry_run: bool = False,
    settings: Settings | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> tuple[PrunedStore, ...]:
    """Remove the objects of deliveries whose links all ended more than ``after`` ago, and leftovers of broken uploads.

    Every store that the ledger names and the configured one are visited, or ``store`` alone; with a ``connection``,
    which leads to one store, that of the settings. Until then `renew` can bring the links back. Standing deliveries
    are known from the store itself, whoever made them; ``retain`` is their end where it was given.
    """
    if not isinstance(after, timedelta) or not timedelta(0) <= after <= LONGEST:
        raise UsageError(
            f"after={after!r}: files cannot be kept so long after their links ended",
            hint="give a timedelta from 0 to 100 years, such as timedelta(days=7)",
            code="prune-after",
        )
    settings, now = settings_or_found(settings), now_in_utc(now)
    watch = storage.Watch(settings.upload.attempts, *hooks(progress, cancel))
    if connection is not None and store is None:
        store = settings.delivery.store
    ledger = Ledger(places.data_dir())
    over = ledger.over(after=after, now=now)
    ended: dict[str, list[hosting.Ended]] = defaultdict(list)
    tell = watch.progress.note
    for record in ledger.list(now=now, damaged=lambda id: tell(f"{id} is left as it is: its record is damaged")):
        if record.store is None or record.pruned_at is not None or (store is not None and record.store != store):
            continue
        found = ended[record.store]
        if record.id in over:
            prefix = ledger.load(record.id).prefix
            found += [hosting.Ended(prefix, record.id)] if prefix else []
    asked = store if store is not None else settings.delivery.store
    if store is not None or asked in settings.stores:
        ended.setdefault(asked, [])
    done: list[PrunedStore] = []
    failed: DeliveryError | None = None
    for name, gone in ended.items():
        try:
            opened = storage.open_store(name, settings, until=now, connection=connection, cancel=watch.cancel)
            done.append(_pruned(opened.watched(watch), gone, ledger, after, now, dry_run, watch))
        except (ConfigError, StoreRefusedError, StoreUnreachableError) as error:
            if store is not None:
                raise
            failed = failed or error
            tell(f"the store {name} is left as it is: {error}")
    if failed is not None and not done:
        raise failed
    return tuple(done)


def _pruned(
    store: storage.Store,
    gone: list[hosting.Ended],
    ledger: Ledger,
    after: timedelta,
    now: datetime,
    dry_run: bool,
    watch: storage.Watch,
) -> PrunedStore:
    """One store without what has ended: ``gone``, which the ledger knows, and what its own records tell."""
    if not dry_run:
        hosting.forget_done(store, ledger.holds)
    standing = hosting.standing_of(store)
    past = {key: item for key, item in standing.items() if item.is_over(now, after)}
    if not dry_run:
        past = {key: item for key, item in past.items() if hosting.take_over(store, key, after=after, now=now)}
    alive = {item.prefix for key, item in standing.items() if key not in past}
    known = {item.prefix for item in gone}
    gone = gone + [
        hosting.Ended(item.prefix, _if_kept(ledger, item)) for item in past.values() if item.prefix not in known
    ]
    outside = {item.prefix for item in gone if hosting.own_place(item.prefix, store.prefix) != item.prefix}
    if outside:
        watch.progress.note(
            f"left as they are: {len(outside):,} ended under another prefix than [store:{store.name}] has now; "
            "`delivery prune` removes them where it is what it was when they were made"
        )
    gone = [item for item in gone if item.prefix not in alive | outside]
    in_use = {item.prefix for item in standing.values() if item.in_use(now)}
    removed = hosting.prune(
        store, gone, now=now, in_use=in_use, dry_run=dry_run, progress=watch.progress, cancel=watch.cancel
    )
    if not dry_run:
        hosting.forget(store, past)
        # Where the section leads to another bucket now, what is not found here may lie there.
        gone_before = [label for label in removed.empty if label and ledger.bucket(label) == bucket_of(store)]
        ledger.pruned([*filter(None, removed.labels), *gone_before], at=now)
    return PrunedStore(store.name, removed)


def _if_kept(ledger: Ledger, standing: hosting.Standing) -> str:
    """Its id where the ledger of this machine knows it at this place; else empty."""
    try:
        kept = ledger.load(standing.id)
    except UsageError:
        return ""
    return kept.id if (kept.id, kept.prefix) == (standing.id, standing.prefix) else ""


def abort(
    names: Sequence[str] | None = None,
    *,
    store: str | None = None,
    settings: Settings | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> hosting.Pruned:
    """Give up every unfinished upload to the configured store, or ``store``: what was sent in part is removed.

    With ``names`` only that of the delivery whose links would have these names.
    """
    settings, now = settings_or_found(settings), now_in_utc(now)
    progress, cancel = hooks(progress, cancel)
    name, until = store or settings.delivery.store, now + timedelta(minutes=5)
    opened = storage.open_store(name, settings, until=until, connection=connection, cancel=cancel)
    hosting.forget_done(opened, Ledger(places.data_dir()).holds)
    return hosting.give_up(opened, names, progress=progress, cancel=cancel)
