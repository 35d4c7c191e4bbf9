"""`delivery list`: the ledger."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from delivery import report
from delivery.cli import complete, options, render
from delivery.cli.types import UTC_DAY
from delivery.escape import printable
from delivery.units import format_size

if TYPE_CHECKING:
    from delivery.ledger import Record


_SCREENFUL = 50
"""A person looks for the latest; a program that reads the list gets all of it."""
_SHOWN_DAMAGED = 5


@click.command("list")
@click.option("--order", metavar="TEXT", help="Only of this order.")
@click.option("--platform", "-p", metavar="NAME", shell_complete=complete.platforms, help="Only for this platform.")
@click.option("--since", type=UTC_DAY, metavar="DAY", help="Only from this day (UTC) on: 2026-01-31.")
@click.option("--until", type=UTC_DAY, metavar="DAY", help="Only up to the end of this day (UTC).")
@click.option(
    "--state", metavar="STATE", shell_complete=complete.states,
    help="Only attached, live, expiring (within a day), expired, revoked or unknown (whose end is not known).",
)  # fmt: skip
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many (default: {_SCREENFUL} on a terminal, else all).",
)
@options.common
def command(
    order: str | None,
    platform: str | None,
    since: datetime | None,
    until: datetime | None,
    state: str | None,
    limit: int | None,
    **values: Any,
) -> None:
    """What was delivered, the latest first. Times are UTC, as the Z behind them says."""
    most = _SCREENFUL if limit is None and not values["as_json"] and sys.stdout.isatty() else None
    with options.session(values) as session:
        from delivery import places
        from delivery.ledger import Ledger

        harmed: list[str] = []
        found = Ledger(places.data_dir()).list(
            order=order,
            platform=platform,
            since=since,
            until=until.replace(hour=23, minute=59, second=59) if until else None,
            state=state,
            limit=most + 1 if most else limit,
            now=datetime.now(UTC),
            damaged=harmed.append,
        )
    if harmed:
        shown = ", ".join(map(printable, harmed[:_SHOWN_DAMAGED])) + (" ..." if len(harmed) > _SHOWN_DAMAGED else "")
        render.note(f"{len(harmed):,} damaged in the record and left out: {shown}")
    if session.as_json:
        report.write(report.list_document(found), sys.stdout)
        return
    if not found and not harmed:
        render.say(
            "nothing delivered yet" if not any((order, platform, since, until, state)) else "no delivery matches"
        )
    sys.stdout.writelines(f"{line}\n" for line in _lines(found[:most]))
    if most and len(found) > most:
        render.hint(f"these are the latest {most}; --limit 1000 shows more, --order, --since and --state find others")


def _lines(shown: Sequence[Record]) -> Iterator[str]:
    """In columns, however long the ids that were given and the names of own platforms."""
    id = max((len(item.id) for item in shown), default=0)
    platform = max((len(item.platform) for item in shown), default=0)
    for item in shown:
        order = f"  {printable(item.order)}" if item.order else ""
        yield (
            f"{item.id:<{id}}  {item.created_at:%Y-%m-%d %H:%MZ}  {item.platform:<{platform}}  {item.method.value:<6} "
            f"{item.state.value:<9} {format_size(item.size):>10}  {printable(item.name)}{order}"
        )
