"""`delivery message`: an earlier delivery's message again."""

from __future__ import annotations

from typing import Any

import click

from delivery.cli import options, render


@click.command("message")
@click.argument("id")
@options.language
@options.common
def command(id: str, language: str | None, **values: Any) -> None:
    """Write the message of the delivery ID again, its links signed again up to their old end; --language changes it."""
    with options.session(values) as session:
        from delivery import afterwards

        again = afterwards.compose_message(
            id, language=language, settings=session.settings, progress=session.progress, cancel=session.cancel
        )
    if session.as_json:
        render.document(again)
    else:
        render.messages(again.messages)
