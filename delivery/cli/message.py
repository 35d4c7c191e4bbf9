"""`delivery message`: an earlier delivery's message again."""

from __future__ import annotations

from typing import Any

import click

from delivery.cli import options, render
from delivery.cli.act import finish
from delivery.cli.clipboard import find
from delivery.message import Situation


@click.command("message")
@options.delivery_id
@click.option(
    "--situation",
    type=click.Choice([item.value for item in Situation]),
    help="first, revision or renewed; default: as it was written at first.",
)
@options.saying_again
@options.qr
@options.common
def command(id: str, situation: str | None, language: str | None, copy: bool, qr: str | None, **values: Any) -> None:
    """Write the message of the delivery ID again, its links signed again up to their old end; --language changes it."""
    clipboard = find() if copy else None
    with options.session(values) as session:
        from delivery import afterwards

        again = afterwards.compose_message(
            id,
            language=language,
            situation=Situation(situation) if situation else None,
            settings=session.settings,
            progress=session.progress,
            cancel=session.cancel,
        )
    if session.as_json:
        render.document(again)
    else:
        for text in again.notes:
            render.note(text)
        render.messages(again.messages)
    finish(again, clipboard, qr)
