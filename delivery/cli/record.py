"""`delivery record`: the dated, factual account of one delivery."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from delivery import report
from delivery.cli import options


@click.command("record")
@options.delivery_id
@click.option("--html", "as_html", is_flag=True, help="A page that looks and prints well, instead of Markdown.")
@options.common
def command(id: str, as_html: bool, **values: Any) -> None:
    """Write the account of the delivery ID for Customer Support: what was delivered, when and how, its checksums,
    its links and their life, and every message. It states facts and asks for nothing.

    \b
    delivery record ID > record.md
    delivery record ID --html > record.html
    """
    with options.session(values) as session:
        from delivery import places
        from delivery.ledger import Ledger, account, writing

        now = datetime.now(UTC)
        kept = Ledger(places.data_dir()).account(id, now=now)
    if session.as_json:
        report.write(account.document(kept, now=now), sys.stdout)
        return
    write = writing.html if as_html else writing.markdown
    for piece in write(account.title(kept), account.outline(kept, now=now)):
        click.echo(piece, nl=False)
