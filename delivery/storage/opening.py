"""A store found by its name in the configuration, and what only the embedded one needs while it is used."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from delivery.config import Settings
from delivery.errors import ConfigError, LocalError
from delivery.options import StoreOptions
from delivery.storage.base import Store
from delivery.units import format_size

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3.client import S3Client

    from delivery.progress import CancelToken

LOCAL = "local"
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
Connection: TypeAlias = "boto3.Session | S3Client"
"""A caller's own way to the store, in place of the credentials that the configuration leads to."""


def section(name: str, settings: Settings) -> StoreOptions | None:
    """What the configuration says of the store called ``name``; None for the embedded one.

    Raises ConfigError for a name, and for a profile, that is not known. Nothing is contacted, nothing heavy loaded.
    """
    if name == LOCAL:
        return None
    options = settings.stores.get(name)
    if options is None:
        known = ", ".join([LOCAL, *settings.stores])
        origin = settings.origin("delivery.store") if name == settings.delivery.store else "given"
        where = "" if origin in ("given", "default") else f"{origin}: "
        raise ConfigError(
            f"{where}no store is called {name!r}",
            hint=f"known stores: {known}; add a section [store:{name}] to the configuration",
            code="store-unknown",
        )
    from delivery.storage.quirks import quirks

    quirks(options.profile)
    return options


def open_store(
    name: str,
    settings: Settings,
    *,
    until: datetime,
    connection: Connection | None = None,
    cancel: CancelToken | None = None,
) -> Store:
    """The store called ``name``: ``local`` is the embedded one, started if it does not run and kept up to ``until``.

    With a ``connection`` its credentials are used, and its region, endpoint and addressing where the section names
    none; the section says which bucket. ``cancel`` is heard while credentials are waited for, now and later.

    Raises ConfigError for an unknown name or an incomplete section, MissingDependencyError when the embedded store is
    not installed, StoreRefusedError when there are no credentials. A configured store is not contacted yet.
    """
    attempts = settings.upload.attempts
    if name == LOCAL and connection is not None:
        raise ConfigError(
            "a session or client of your own needs a bucket, and the embedded store is not one",
            hint='Settings.load().with_store("mine", StoreOptions(bucket="YOUR-BUCKET")), '
            "or store = mine with a section [store:mine]",
            code="store-unknown",
        )
    options = section(name, settings)
    if options is None:
        from delivery.storage import local

        return local.open_local(until=until, attempts=attempts)
    from delivery.storage.quirks import quirks

    if connection is not None:
        from delivery.storage import caller

        options = caller.described(name, options, connection)
    found = quirks(options.profile)
    if not options.bucket:
        raise ConfigError(
            f"the store {name} has no bucket",
            hint=f"write into the configuration: [store:{name}] and below it: bucket = YOUR-BUCKET",
            code="store-incomplete",
        )
    if found.endpoint_needed and not options.endpoint:
        example = found.endpoint or "https://s3.example.com"
        raise ConfigError(
            f"the store {name} has no endpoint",
            hint=f"write into [store:{name}]: endpoint = {example}; or profile = aws for AWS S3 itself",
            code="store-incomplete",
        )
    if not found.endpoint_needed and not options.region and not options.endpoint:
        raise ConfigError(
            f"the store {name} has no region",
            hint=f"write into [store:{name}]: region = eu-central-1 (or where the bucket is); links are signed for it",
            code="store-incomplete",
        )
    if not {".", ".."}.isdisjoint(options.prefix.split("/")):
        raise ConfigError(
            f"the prefix of the store {name} has a part that browsers take out of links: . or ..",
            hint=f"write into [store:{name}]: prefix = deliveries, or another plain word",
            code="config-value",
        )
    if options.endpoint:
        _refuse_unsafe(name, options.endpoint)
    from delivery.storage.connect import connect

    machine = _is_loopback(options.endpoint)
    return connect(name, options, found, attempts=attempts, machine=machine, connection=connection, cancel=cancel)


def foresee_store(
    name: str,
    settings: Settings,
    *,
    until: datetime,
    connection: Connection | None = None,
    cancel: CancelToken | None = None,
) -> Store | None:
    """As :func:`open_store`, but that the embedded store is not started: None where it can be."""
    if name != LOCAL or connection is not None:
        return open_store(name, settings, until=until, connection=connection, cancel=cancel)
    from delivery.storage import local_server

    local_server.find_server()
    return None


def takes_parts(name: str, settings: Settings) -> bool:
    """Whether parts make sense for the store called ``name``. Raises as :func:`section` does."""
    options = section(name, settings)
    if options is None:
        return False
    from delivery.storage.quirks import overridden, quirks

    return overridden(quirks(options.profile), options).multipart


@contextmanager
def kept_up(name: str) -> Iterator[None]:
    """The embedded store does not end by itself during the block, however long an upload takes. Others never end."""
    if name != LOCAL:
        yield
        return
    from delivery.storage.local_state import Folder

    with Folder.usual().in_use():
        yield


def refuse_full(name: str, size: int) -> None:
    """Raise LocalError where the embedded store's disk has no room for ``size`` more bytes; others know themselves."""
    if name != LOCAL:
        return
    from delivery.storage.local_state import Folder

    folder = Folder.usual().path
    free = shutil.disk_usage(folder).free
    if free < size:
        raise LocalError(
            f"the embedded store's disk has {format_size(free)} left, and {format_size(size)} are to go there",
            hint="make room (`delivery prune` removes old deliveries), set DELIVERY_HOME to another disk, "
            "or configure a store",
            code="disk-full",
        )


def keep_until(name: str, moment: datetime) -> None:
    """Have the embedded store serve at least up to ``moment``: links are signed, and so end, after an upload."""
    if name == LOCAL:
        from delivery.storage.local_state import Folder

        Folder.usual().extend(moment)


def key_prefix(text: str) -> str:
    """The configured prefix as keys carry it: empty, or ending in one slash."""
    return f"{text.strip('/')}/" if text.strip("/") else ""


def _is_loopback(endpoint: str | None) -> bool:
    from delivery.storage.dial import LOOPBACK

    return bool(endpoint) and (urlsplit(endpoint or "").hostname or "") in LOOPBACK


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        host, known = parts.hostname or "", parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        return False
    more = parts.query or parts.fragment or "@" in parts.netloc
    return known and not more and ((":" in host) or _HOST.fullmatch(host) is not None)


def _refuse_unsafe(name: str, endpoint: str) -> None:
    """An address without a scheme and plain http beyond this machine are configuration errors."""
    if not _is_address(endpoint):
        raise ConfigError(
            f"the endpoint of the store {name} is not an address",
            hint=f"write into [store:{name}]: endpoint = https://s3.example.com; keys go beside it, not into it",
            code="config-value",
        )
    if urlsplit(endpoint).scheme == "http" and not _is_loopback(endpoint):
        raise ConfigError(
            f"the endpoint of the store {name} is plain http: links and files could be read on their way",
            hint="use https; http is accepted for this machine alone (127.0.0.1)",
            code="store-not-private",
        )
