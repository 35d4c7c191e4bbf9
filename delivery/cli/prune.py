"""`delivery prune`: what is past its time leaves the stores."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.cli.types import AGE
from delivery.units import counted, format_size


@click.command("prune")
@click.option(
    "--after", type=AGE, metavar="7d",
    help="Keep files so long after their links ended (default: 7d), for renew; what has a --retain goes by that.",
)  # fmt: skip
@options.only_store
@options.dry_run
@options.common
def command(after: timedelta | None, store: str | None, dry_run: bool, **values: Any) -> None:
    """Remove the files of deliveries whose links ended some time ago, and leftovers of broken uploads."""
    with options.session(values) as session:
        from delivery import tidying

        done = tidying.prune(
            after=timedelta(days=7) if after is None else after,
            store=store,
            dry_run=dry_run,
            settings=session.settings,
            progress=session.progress,
            cancel=session.cancel,
        )
    if session.as_json:
        rows = [{"store": item.store, **render.pruned(item.pruned)} for item in done]
        report.write({"schema": report.PRUNE, "dry_run": dry_run, "stores": rows}, sys.stdout)
        return
    if not done:
        render.say("nothing was ever delivered by link")
    for item in done:
        found = item.pruned
        of = f"{found.deliveries:,} {'delivery' if found.deliveries == 1 else 'deliveries'}"
        click.echo(
            f"{item.store}: {'would remove' if dry_run else 'removed'} {counted(found.objects, 'object')} "
            f"({format_size(found.size)}) of {of} and {counted(found.parts, 'unfinished upload')}"
        )
