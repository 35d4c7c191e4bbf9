"""The table of known stores, read from ``profiles.toml`` once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from functools import cache
from importlib import resources
from types import MappingProxyType

from delivery.errors import ConfigError
from delivery.options import StoreOptions
from delivery.storage.base import Quirks

_NOT_OFFERED = frozenset({"embedded"})
_NOT_QUIRKS = frozenset({"endpoint"})
"""In the table an example for hints, in the section the address itself."""


@cache
def table() -> Mapping[str, Quirks]:
    """Every known kind of store by the name that ``profile =`` takes."""
    rows = tomllib.loads(resources.files("delivery.storage").joinpath("profiles.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: _quirks(row) for name, row in rows.items()})


def _quirks(row: dict[str, object]) -> Quirks:
    cap = row.pop("presign_cap", 604_800)
    return Quirks(
        presign_cap=timedelta(seconds=cap) if isinstance(cap, int) else None,
        **row,  # type: ignore[arg-type]
    )


def offered() -> tuple[str, ...]:
    """The names that ``profile =`` takes."""
    return tuple(name for name in table() if name not in _NOT_OFFERED)


def quirks(name: str) -> Quirks:
    """The quirks called ``name``. Raises ConfigError that lists the known ones."""
    found = table().get(name)
    if found is None or name in _NOT_OFFERED:
        raise ConfigError(
            f"no store profile is called {name!r}", hint=f"known profiles: {', '.join(offered())}", code="config-value"
        )
    return found


def overridden(known: Quirks, options: StoreOptions) -> Quirks:
    """``known`` with what the section of the store says otherwise: every option that has the name of a quirk."""
    shared = {item.name for item in fields(Quirks)} & {item.name for item in fields(StoreOptions)} - _NOT_QUIRKS
    given = {name: value for name in shared if (value := getattr(options, name)) is not None}
    return replace(known, **given)
