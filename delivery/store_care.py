"""The configured store itself: examined, set to tidy up, and the rights that it asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from delivery import hosting, storage
from delivery.config import Settings, settings_or_found
from delivery.errors import ConfigError
from delivery.options import StoreOptions
from delivery.progress import CancelToken, Progress, hooks
from delivery.surroundings import now_in_utc


def doctor(
    *,
    store: str | None = None,
    fix: bool = False,
    settings: Settings | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> hosting.Report:
    """Try the configured store, or ``store``, for real. Raises ConfigError, and StoreRefusedError without keys."""
    settings, now = settings_or_found(settings), now_in_utc(now)
    progress, cancel = hooks(progress, cancel)
    name = store or settings.delivery.store
    opened = storage.open_store(name, settings, until=now + timedelta(minutes=5), connection=connection, cancel=cancel)
    keep = settings.stores.get(name, StoreOptions()).keep
    return hosting.examine(
        opened, expires_in=settings.delivery.expires, keep=keep, fix=fix, progress=progress, cancel=cancel
    )


def tidy_by_itself(store: str, settings: Settings) -> str:
    """Set the lifecycle rule by which the configured ``store`` tidies up when nobody runs anything.

    What the store will do from now on, in words. Raises ConfigError, and StoreRefusedError where the key may not.
    """
    opened = storage.open_store(store, settings, until=datetime.now(UTC) + timedelta(minutes=5))
    watched = opened.watched(storage.Watch(attempts=3))
    watched.ensure_ready()
    keep = settings.stores[store].keep
    rules = hosting.set_rule(watched, keep=keep, expires_in=settings.delivery.expires)
    return hosting.in_words(rules, watched.prefix)


def policy(*, store: str | None = None, settings: Settings | None = None) -> dict[str, Any]:
    """The smallest IAM policy that suffices for the configured store, or ``store``. Raises ConfigError."""
    settings = settings_or_found(settings)
    name = store or settings.delivery.store
    options = settings.stores.get(name)
    if options is None or not options.bucket:
        raise ConfigError(
            f"{name!r} is no configured store with a bucket",
            hint="configure one with: delivery init",
            code="store-unknown",
        )
    return hosting.smallest_policy(options.bucket, storage.key_prefix(options.prefix))
