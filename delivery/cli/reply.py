"""`delivery reply`: the answer to what the buyer said."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from delivery import report
from delivery.cli import complete, options, render
from delivery.cli.clipboard import copy_each, find
from delivery.message import Reply


@click.command("reply")
@click.argument("situation", type=click.Choice([item.value for item in Reply]))
@click.argument("id", required=False, shell_complete=complete.deliveries)
@options.platform_again
@options.saying_again
@options.common
def command(situation: str, id: str | None, copy: bool, **values: Any) -> None:
    """Write the answer for SITUATION, about the delivery ID where one is given.

    \b
    email-request     the buyer would like it by another way
    cannot-open       it does not open
    cannot-download   the download stops
    other-form        the buyer asks for another form of it
    expired           the link has ended; `delivery renew ID` makes a new one
    unfair-review     the public answer under a review: short, factual, useful to future buyers
    """
    clipboard = find() if copy else None
    with options.session(values) as session:
        from delivery import afterwards

        to = Reply(situation)
        given = options.overrides(values)
        written = afterwards.compose_reply(
            to, id, platform=given["platform"], language=given["language"], settings=session.settings,
            now=datetime.now(UTC),
        )  # fmt: skip
    if session.as_json:
        document = report.reply_document(
            situation, written.messages, platform=written.platform, language=written.language, id=written.id
        )
        report.write(document, sys.stdout)
    else:
        for text in written.notes:
            render.note(text)
        render.messages(written.messages)
    if clipboard is not None:
        copy_each(clipboard, written.messages)
