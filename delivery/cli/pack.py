"""`delivery pack`: only the attach way."""

from __future__ import annotations

from typing import Any

import click

from delivery.cli import options, render


@click.command("pack")
@options.paths
@options.platform
@options.out
@options.order
@options.language
@options.allow
@options.strict
@options.keep_junk
@options.dry_run
@options.common
def command(paths: tuple[str, ...], **values: Any) -> None:
    """Make ready in DIR what to attach: the files as they are, or zips that open on their own. Nothing is uploaded."""
    with options.session(values) as session:
        from delivery import service

        done = service.pack(
            paths,
            settings=session.settings,
            progress=session.progress,
            cancel=session.cancel,
            observer=None if session.as_json or session.quiet else render.Observer(),
            **options.overrides(values),
        )
    render.delivery(done, as_json=session.as_json, quiet=session.quiet)
