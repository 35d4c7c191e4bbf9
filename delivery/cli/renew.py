"""`delivery renew`: links signed again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from delivery.cli import options, render
from delivery.cli.act import finish
from delivery.cli.clipboard import find


@click.command("renew")
@options.delivery_id
@options.expires
@options.saying_again
@options.qr
@options.dry_run
@options.common
def command(
    id: str,
    expires: timedelta | None,
    language: str | None,
    copy: bool,
    qr: str | None,
    dry_run: bool,
    **values: Any,
) -> None:
    """Sign the links of the delivery ID again, without uploading, and write its message with them."""
    clipboard = find() if copy else None
    with options.session(values) as session:
        from delivery import upkeep

        again = upkeep.renew(
            id, expires=expires, language=language, dry_run=dry_run, settings=session.settings,
            progress=session.progress, cancel=session.cancel,
        )  # fmt: skip
    if session.as_json:
        render.document(again)
    else:
        if not session.quiet:
            render.renewed(again)
        render.messages(again.messages)
    finish(again, clipboard, qr)
