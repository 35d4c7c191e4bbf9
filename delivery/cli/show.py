"""`delivery show`: one delivery of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from delivery.cli import options, render
from delivery.escape import printable
from delivery.model import Delivery
from delivery.units import format_size, format_utc

if TYPE_CHECKING:
    from delivery.ledger import Record


@click.command("show")
@options.delivery_id
@options.common
def command(id: str, **values: Any) -> None:
    """Show the delivery ID (or a unique beginning of it): files, digests, parts, links without their addresses."""
    with options.session(values) as session:
        from delivery import places
        from delivery.ledger import Ledger

        ledger = Ledger(places.data_dir())
        found = ledger.load(id)
        record = ledger.get(found.id, now=datetime.now(UTC))
    if session.as_json:
        render.document(found)
    else:
        click.echo("\n".join(_lines(found, record)))


def _lines(found: Delivery, record: Record) -> list[str]:
    plan = found.plan
    lines = [
        f"delivery    {found.id}",
        f"name        {printable(plan.deliverable.name)}",
        f"made        {format_utc(found.created_at)}",
        f"state       {record.state.value}",
        f"platform    {plan.profile.title}",
        f"way         {found.method.value}: {'; '.join(map(printable, plan.reasons))}",
    ]
    if found.order:
        lines.append(f"order       {printable(found.order)}")
    if found.out:
        lines.append(f"folder      {printable(found.out)}")
    if end := record.until(found.expires_at):
        lines.append(f"links end   {format_utc(end)}")
    lines.append(f"files       {len(found.files):,}, {format_size(plan.deliverable.size)}")
    lines += [f"  {entry.sha256}  {entry.size:>14,}  {printable(entry.arcname)}" for entry in found.files]
    if found.attachments:
        lines.append("attached")
        lines += [
            f"  message {item.message}: {printable(item.filename)}, {format_size(item.size)}"
            for item in found.attachments
        ]
    if found.links:
        lines.append("linked")
        lines += [f"  {printable(link.name)}, {format_size(link.size)}" for link in found.links]
    return lines
