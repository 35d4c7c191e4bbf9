"""`delivery upload`: only the link way."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from delivery import report
from delivery.cli import options, render, stdin
from delivery.cli.act import act
from delivery.errors import UsageError
from delivery.model import Via
from delivery.units import counted

if TYPE_CHECKING:
    from delivery.inputs import Input


@click.command("upload")
@options.optional_paths()
@click.option(
    "--abort",
    is_flag=True,
    help="Give up the unfinished upload of PATHs, or without PATHs all to the store: what was sent is removed.",
)
@options.linking
@options.delivering
def command(paths: tuple[str, ...], abort: bool, **values: Any) -> None:
    """Upload PATHs to the store and hand back links that expire, with a small proof sheet to attach.

    Run the same command again after a break: what is in the store already is not sent again.
    """
    if abort and values["dry_run"]:
        raise UsageError("--abort removes, and --dry-run does nothing", hint="leave one of them out")
    if abort:
        _abort(stdin.inputs_of(paths, values), values)
    elif not paths:
        raise click.UsageError("name the files or folders to upload", click.get_current_context())
    else:
        act(paths, values, via=Via.LINK)


def _abort(inputs: Sequence[Input], values: dict[str, Any]) -> None:
    with options.session(values) as session:
        from delivery import tidying

        store = values["store"]
        names = _names(inputs, values, session) if inputs else None
        gone = tidying.abort(
            names, store=store, settings=session.settings, progress=session.progress, cancel=session.cancel
        )
    if session.as_json:
        rows = [{"store": store or session.settings.delivery.store, **render.pruned(gone)}]
        report.write({"schema": report.PRUNE, "dry_run": False, "stores": rows}, sys.stdout)
    else:
        uploads, files = counted(gone.deliveries, "unfinished upload"), counted(gone.objects, "file")
        click.echo(f"gave up {uploads}; {files} removed from the store")


def _names(inputs: Sequence[Input], values: dict[str, Any], session: options.Session) -> list[str]:
    """What the links of the same command would be called, by which its unfinished upload is known."""
    from delivery import service
    from delivery.options import DeliveryOptions

    taken = options.overrides(values)
    given = {name: taken[name] for name in DeliveryOptions.__annotations__ if name in taken}
    with service.check(
        inputs, settings=session.settings, digests=False, read_streams=False, progress=session.progress,
        cancel=session.cancel, **{**given, "via": Via.LINK, "strip": False},
    ) as inspection:  # fmt: skip
        return [part.filename for part in service.plan(inspection).parts]
