"""`delivery pack`: only the attach way."""

from __future__ import annotations

from typing import Any

import click

from delivery.cli import options
from delivery.cli.act import act
from delivery.model import Via


@click.command("pack")
@options.paths
@options.delivering
def command(paths: tuple[str, ...], **values: Any) -> None:
    """Make ready in a folder what to attach: the files as they are, zips that open on their own, or volumes.

    Nothing is uploaded.
    """
    act(paths, values, via=Via.ATTACH)
