"""`delivery list`: the ledger."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.escape import printable
from delivery.units import format_size


@click.command("list")
@click.option("--order", metavar="TEXT", help="Only of this order.")
@click.option("--platform", "-p", metavar="NAME", help="Only for this platform.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this day (UTC) on.")
@click.option("--state", metavar="STATE", help="Only live, expiring, expired or revoked links, or attached.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, the latest first.")
@options.common
def command(
    order: str | None, platform: str | None, since: datetime | None, state: str | None, limit: int | None, **values: Any
) -> None:
    """What was delivered, the latest first."""
    with options.session(values) as session:
        from delivery import places
        from delivery.ledger import Ledger

        since = since.replace(tzinfo=UTC) if since else None
        found = Ledger(places.data_dir()).list(
            order=order, platform=platform, since=since, state=state, limit=limit, now=datetime.now(UTC)
        )
    if session.as_json:
        report.write(report.list_document(found), sys.stdout)
        return
    if not found:
        render.say("nothing delivered yet" if not any((order, platform, since, state)) else "no delivery matches")
    for item in found:
        order_label = f"  {printable(item.order)}" if item.order else ""
        click.echo(
            f"{item.id}  {item.created_at:%Y-%m-%d %H:%M}  {item.platform:<12} {item.method.value:<6} "
            f"{item.state.value:<9} {format_size(item.size):>10}  {printable(item.name)}{order_label}"
        )
