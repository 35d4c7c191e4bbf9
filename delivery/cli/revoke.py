"""`delivery revoke`: links ended now."""

from __future__ import annotations

import sys
from typing import Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.units import counted


@click.command("revoke")
@options.delivery_id
@options.dry_run
@options.common
def command(id: str, dry_run: bool, **values: Any) -> None:
    """End the links of the delivery ID now: its files leave the store, and its links are tried and found dead."""
    with options.session(values) as session:
        from delivery import places, upkeep
        from delivery.ledger import Ledger

        id = Ledger(places.data_dir()).load(id).id  # the whole of it, where its beginning was given
        done = upkeep.revoke(
            id, dry_run=dry_run, settings=session.settings, progress=session.progress, cancel=session.cancel
        )
    if session.as_json:
        document = {"schema": report.REVOKE, "id": id, "dry_run": dry_run, "removed": done.removed}
        report.write({**document, "parts": done.parts, "proven": done.proven, "names": list(done.names)}, sys.stdout)
        return
    if dry_run:
        render.would_revoke(id, done)
        return
    click.echo(f"revoked: {counted(done.removed, 'object')} removed; no link opens any more ({done.proven:,} tried)")
