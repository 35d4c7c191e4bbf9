"""`delivery platforms`: the profiles with source and date."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from delivery import platforms, report
from delivery.cli import complete, options
from delivery.profile import Profile
from delivery.units import format_size


@click.command("platforms")
@click.argument("name", required=False, shell_complete=complete.platforms)
@options.common
def command(name: str | None, **values: Any) -> None:
    """What each platform takes, and where that is known from; with NAME, all that is known of one."""
    with options.session(values) as session:
        settings = session.settings
    chosen = [platforms.get(name, settings)] if name else list(platforms.all_profiles(settings).values())
    if session.as_json:
        entries = [report.platform_entry(profile) for profile in chosen]
        report.write({"schema": report.PLATFORMS, "platforms": entries}, sys.stdout)
    elif name:
        click.echo("\n".join(f"{label:<18}{text}" for label, text in _details(chosen[0])))
    else:
        _table([("NAME", "ONE FILE", "ONE MESSAGE", "FILES", "TEXT", "CHECKED", ""), *map(_row, chosen)])


def _row(profile: Profile) -> tuple[str, ...]:
    limits = profile.limits
    return (
        profile.name,
        _size(limits.file_bytes),
        _size(limits.message_bytes),
        str(limits.message_files or "-"),
        f"{profile.message_chars:,}" if profile.message_chars else "-",
        f"{profile.checked_on:%Y-%m}" if profile.checked_on else "-",
        "" if profile.confirmed else "not confirmed",
    )


def _details(profile: Profile) -> list[tuple[str, str]]:
    limits = profile.limits
    details: list[tuple[str, Any]] = [
        ("platform", f"{profile.title} ({profile.name})"),
        ("one file", _size(limits.file_bytes)),
        ("one message", f"{_size(limits.message_bytes)} in total" if limits.message_bytes else "-"),
        ("files", f"{limits.message_files} in one message" if limits.message_files else "-"),
        ("messages", f"{limits.messages}, then a link is kinder" if limits.messages else "as many as needed"),
        ("text", f"{profile.message_chars:,} characters" if profile.message_chars else "-"),
        ("messages in", {"plain": "plain text", "markdown": "Markdown", "html": "HTML"}[profile.markup]),
        ("blocked types", " ".join(sorted(profile.blocked_types)) or "-"),
        (
            "allowed types",
            " ".join(sorted(profile.allowed_types)) if profile.allowed_types is not None else "all others",
        ),
        ("links", f"{profile.link_policy.value}. {profile.link_note}".strip()),
        ("note", profile.note or "-"),
    ]
    details += [
        ("source", f"{item.address} ({'official' if item.official else 'second-hand'})") for item in profile.sources
    ]
    if profile.checked_on:
        old = "; that is over a year ago, look again" if platforms.is_old(profile, datetime.now(UTC).date()) else ""
        details.append(("checked", f"{profile.checked_on:%Y-%m}{old}"))
    details.append(("confirmed", "yes" if profile.confirmed else "no: at least one value is cautious or second-hand"))
    return details


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _size(value: int | None) -> str:
    return format_size(value) if value else "-"
