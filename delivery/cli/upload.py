"""`delivery upload`: only the link way."""

from __future__ import annotations

from typing import Any

import click

from delivery.cli import options, render


@click.command("upload")
@options.paths
@options.platform
@options.out
@options.expires
@options.store
@options.order
@options.language
@options.allow
@options.strict
@options.keep_junk
@options.dry_run
@options.common
def command(paths: tuple[str, ...], **values: Any) -> None:
    """Upload PATHs to the store and hand back links that expire, with a small proof to attach."""
    with options.session(values) as session:
        from delivery import service

        done = service.upload(
            paths,
            settings=session.settings,
            progress=session.progress,
            cancel=session.cancel,
            observer=None if session.as_json or session.quiet else render.Observer(),
            **options.overrides(values),
        )
    render.delivery(done, as_json=session.as_json, quiet=session.quiet)
