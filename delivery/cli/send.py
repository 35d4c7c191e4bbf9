"""`delivery send`: the main job."""

from __future__ import annotations

from typing import Any

import click

from delivery.cli import options
from delivery.cli.act import act


@click.command("send")
@options.paths
@options.via
@options.linking
@options.delivering
def command(paths: tuple[str, ...], **values: Any) -> None:
    """Check PATHs, make ready what to attach or upload and link, and write the message to paste.

    The way is the gentlest for the buyer: the files as they are where the platform takes them, zips that open on
    their own where it does not, expiring links where attachments cannot hold it.
    """
    act(paths, values)
