"""What each platform takes: shipped as data with its sources, extended and overridden by the user's configuration."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

from delivery.config import Settings
from delivery.errors import UsageError
from delivery.nearest import nearest
from delivery.options import PlatformOptions
from delivery.profile import Limits, LinkPolicy, Profile, Source

_OLD_AFTER = timedelta(days=365)
_LIMITS = {
    "file_limit": "file_bytes",
    "message_limit": "message_bytes",
    "message_files": "message_files",
    "messages": "messages",
}


def get(name: str, settings: Settings | None = None) -> Profile:
    """The profile called ``name``. Raises UsageError, with the nearest name, for one that is not known."""
    profiles = all_profiles(settings)
    try:
        return profiles[name]
    except KeyError:
        close = nearest(str(name).lower(), profiles)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise UsageError(
            f"the platform {name!r} is not known",
            hint=f"{hint}`delivery platforms` lists them; [platform:{name}] in the configuration adds one",
            code="unknown-platform",
        ) from None


def all_profiles(settings: Settings | None = None) -> dict[str, Profile]:
    """Every profile by name: the shipped ones, then the user's."""
    profiles = dict(_shipped())
    for name, options in (settings.platforms if settings else {}).items():
        base = profiles.get(name) or Profile(name, options.title or name)
        profiles[name] = _overridden(base, options)
    return profiles


def is_old(profile: Profile, today: date) -> bool:
    """Whether its values were checked so long ago that they may have changed."""
    return profile.checked_on is not None and today - profile.checked_on > _OLD_AFTER


@cache
def _shipped() -> dict[str, Profile]:
    text = resources.files(__package__).joinpath("profiles.toml").read_text("utf-8")
    return {name: _profile(name, table) for name, table in tomllib.loads(text).items()}


def _profile(name: str, table: dict[str, Any]) -> Profile:
    allowed = table.get("allowed_types")
    sources = [Source(address, True) for address in table.get("official", ())]
    sources += [Source(address, False) for address in table.get("secondary", ())]
    return Profile(
        name,
        table["title"],
        Limits(table.get("file"), table.get("message"), table.get("files"), table.get("messages")),
        blocked_types=frozenset(table.get("blocked_types", ())),
        blocked_inside_archives=table.get("blocked_inside_archives", False),
        blocks_nested_archives=table.get("blocks_nested_archives", False),
        allowed_types=None if allowed is None else frozenset(allowed),
        link_policy=LinkPolicy(table["links"]),
        link_note=table.get("link_note", ""),
        message_chars=table.get("chars"),
        markup=table.get("markup", "plain"),
        marketplace=table.get("marketplace", False),
        attach_where=table.get("attach", ""),
        note=table.get("note", ""),
        sources=tuple(sources),
        checked_on=table.get("checked"),
        confirmed=table.get("confirmed", False),
    )


def _overridden(base: Profile, options: PlatformOptions) -> Profile:
    """The user's values stand in for the shipped ones; the sources then no longer vouch for the whole."""
    limits = {field: value for name, field in _LIMITS.items() if (value := getattr(options, name)) is not None}
    values: dict[str, Any] = {
        "title": options.title,
        "message_chars": options.message_chars,
        "markup": options.markup,
        "marketplace": options.marketplace,
        "link_policy": LinkPolicy(options.link_policy) if options.link_policy else None,
        "blocked_types": None
        if options.blocked_types is None
        else frozenset(item.lower().removeprefix(".") for item in options.blocked_types),
    }
    given = {name: value for name, value in values.items() if value is not None}
    note = f"{base.note} Changed by your configuration.".strip()
    return replace(base, limits=replace(base.limits, **limits), note=note, confirmed=False, **given)
