"""`delivery renew`: links signed again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from delivery.cli import options, render


@click.command("renew")
@click.argument("id")
@options.expires
@options.common
def command(id: str, expires: timedelta | None, **values: Any) -> None:
    """Sign the links of the delivery ID again, without uploading, and write its message with them."""
    with options.session(values) as session:
        from delivery import upkeep

        again = upkeep.renew(
            id, expires=expires, settings=session.settings, progress=session.progress, cancel=session.cancel
        )
    if session.as_json:
        render.document(again)
        return
    if not session.quiet:
        render.renewed(again)
    render.messages(again.messages)
