"""`delivery store`: the embedded store on this machine."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.cli.types import DURATION
from delivery.units import counted, format_size, format_utc

if TYPE_CHECKING:
    from delivery.storage.local import Status


@click.group("store")
def command() -> None:
    """The embedded store, which serves links on this machine when no other store is configured.

    `send` and `upload` start it by themselves; it ends by itself after the last link's expiry.
    """


@command.command("serve")
@click.option(
    "--for", "duration", type=DURATION, metavar="1h", help="End soon after this time (default: when stopped)."
)
@options.common
def serve(duration: timedelta | None, **values: Any) -> None:
    """Serve in the foreground, until Ctrl-C or `delivery store stop`. With --json the document comes once it is up.

    With --for, links of deliveries made meanwhile that live longer are served on in the background; earlier ones are
    not.
    """
    with options.session(values) as session:
        from delivery.storage import local

        until = datetime.now(UTC) + duration if duration else None
        local.serve(until, cancel=session.cancel, ready=lambda: _up(local.status(), session))
        now = local.status()
    if now.running:
        render.note(f"links made meanwhile live longer: they are served on in the background{_until(now)}")
        render.hint("`delivery store stop` ends it")
        return
    if not session.quiet:
        render.say("stopped")
    if now.promised:
        render.note(f"links of this machine live until {format_utc(now.promised)}, and do not open while it is stopped")
        render.hint("`delivery store serve` serves them again")


def _up(now: Status, session: options.Session) -> None:
    """Tell that links open; a script that waits for the document gets it now, not at the end."""
    if session.as_json:
        _write(now)
        sys.stdout.flush()
    if not session.quiet:
        render.say(f"serving on {now.address}{_until(now)}; Ctrl-C ends it")


@command.command("status")
@options.common
def status(**values: Any) -> None:
    """Is it up, on what, until when, and how much it keeps."""
    with options.session(values) as session:
        from delivery.storage import local

        now = local.status()
    if session.as_json:
        _write(now)
        return
    click.echo(f"running on {now.address}{_until(now)}" if now.running else "not running")
    click.echo(f"keeps {counted(now.objects, 'object')}, {format_size(now.bytes_kept)}, in {now.folder}")


@command.command("stop")
@options.common
def stop(**values: Any) -> None:
    """End it now. Its links stop working until the next delivery or `delivery store serve` starts it again."""
    with options.session(values) as session:
        from delivery.storage import local

        stopped = local.stop()
        now = local.status()
    if session.as_json:
        _write(now)
    else:
        click.echo("stopped" if stopped else "it was not running")


def _until(now: Status) -> str:
    return f" until {format_utc(now.until)}" if now.until else " until stopped"


def _write(now: Status) -> None:
    document = {
        "schema": report.STORE,
        "running": now.running,
        "endpoint": now.address if now.running else None,
        "until": format_utc(now.until) if now.until else None,
        "folder": now.folder,
        "objects": now.objects,
        "bytes": now.bytes_kept,
    }
    report.write(document, sys.stdout)
