"""`delivery status`: which links end soon."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.cli.types import DURATION
from delivery.escape import printable
from delivery.units import format_duration, format_utc

SOON = 3
"""The exit code when links end soon."""


@click.command("status")
@click.option(
    "--within", type=DURATION, default="24h", show_default=True, metavar="24h", help="How soon is soon: 12h, 3d."
)
@options.common
def command(within: timedelta, **values: Any) -> int:
    """Say which links end soon, the next one first. Exit code 3 when there are any, else 0.

    \b
    In cron, to be told each morning:  0 8 * * *  delivery status --within 2d || notify-send "Links end soon"
    """
    with options.session(values) as session:
        from delivery import places
        from delivery.ledger import Ledger

        now = datetime.now(UTC)
        found = Ledger(places.data_dir()).ending(within=within, now=now)
    if session.as_json:
        report.write(report.status_document(found, within), sys.stdout)
    else:
        for item in found:
            assert item.expires_at is not None
            order = f"  {printable(item.order)}" if item.order else ""
            click.echo(
                f"{item.id}  ends {format_utc(item.expires_at)}  in {format_duration(item.expires_at - now):<20}"
                f"  {printable(item.name)}{order}"
            )
        if found:
            render.hint(f"delivery renew {found[0].id} gives the buyer more time")
        elif not session.quiet:
            render.say(f"no link ends within {format_duration(within)}")
    return SOON if found else 0
