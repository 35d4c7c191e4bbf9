"""`delivery upload`: only the link way."""

from __future__ import annotations

from typing import Any

import click

from delivery.cli import options
from delivery.cli.act import act
from delivery.model import Via


@click.command("upload")
@options.paths
@options.platform
@options.out
@options.expires
@options.store
@options.order
@options.saying
@options.qr
@options.revision_of
@options.allow
@options.strict
@options.keep_junk
@options.dry_run
@options.common
def command(paths: tuple[str, ...], **values: Any) -> None:
    """Upload PATHs to the store and hand back links that expire, with a small proof sheet to attach."""
    act(paths, values, via=Via.LINK)
