"""The group of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence

import click

from delivery._version import __version__
from delivery.errors import BlockedError, DeliveryError, LocalError

_COMMANDS: dict[str, str] = {
    "send": "Check, pack or upload, and write the message to paste: the main job.",
    "check": "Only look: what is wrong, leaky or blocked. Nothing is written or sent.",
    "pack": "Only the attach way: what to attach lies ready in a folder.",
    "upload": "Only the link way: upload, and hand back expiring links.",
    "join": "Join volumes, and verify the result against the manifest.",
    "fetch": "Download all of a delivery on another machine, from its one link.",
    "verify": "Verify parts or files against a manifest.",
    "message": "The message of an earlier delivery again, with its links signed again.",
    "reply": "The answer to a buyer who cannot open it, wants it by another way, or was unfair.",
    "lint": "What in a text of yours a marketplace may hold back, and how else to say it.",
    "list": "What was delivered.",
    "show": "One delivery, whole.",
    "renew": "Sign the links of a delivery again, without uploading.",
    "revoke": "End the links of a delivery now, and prove it.",
    "prune": "Remove from the stores what is past its time.",
    "status": "Which links end soon; the exit code says so too, for cron.",
    "record": "The dated, factual account of a delivery, for Customer Support.",
    "platforms": "What each platform takes, with source and date.",
    "doctor": "Try the configured store for real.",
    "init": "Write a config.ini, asking what it needs.",
    "store": "The embedded store on this machine: serve, status, stop.",
}
_MODULES = {"list": "list_"}
_OUTPUT_LOST = {errno.ENOSPC, errno.EIO, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC, errno.EIO}


class _Commands(click.Group):
    """Imports a command's module only when that command is asked for, so that `delivery --help` is quick."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = importlib.import_module(f"delivery.cli.{_MODULES.get(name, name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="delivery")
def app() -> None:
    """Hand finished work to a buyer: checked, packed or linked, with the message to paste.

    \b
    delivery send work/                 what to attach lies ready, the message is on the screen
    delivery send work/ --via link      uploaded, with links that expire
    delivery send work/ --dry-run       only what would be done, and why

    Every option of a command is explained by: delivery COMMAND --help
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a bug (with its traceback), else the error's own code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(_run(arguments))


def _run(arguments: list[str]) -> int:
    try:
        code = app.main(arguments, prog_name="delivery", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except DeliveryError as error:
        _report(error, arguments)
        return error.exit_code
    except click.UsageError as error:
        if _wants_json(arguments):
            _report(_as_usage_error(error), arguments)
        else:
            error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("cancelled\nhint: run the same command again to go on", err=True)
        return 130
    except (BrokenPipeError, SystemExit):  # click exits by itself when the reader of a pipe has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in _OUTPUT_LOST or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
        return LocalError.exit_code


def _report(error: DeliveryError, arguments: list[str]) -> None:
    from delivery import report
    from delivery.cli.render import error as show

    findings = error.findings if isinstance(error, BlockedError) else ()
    if _wants_json(arguments):
        report.write(report.error_document(error, findings), sys.stdout)
        sys.stdout.flush()
    else:
        show(error)


def _as_usage_error(error: click.UsageError) -> DeliveryError:
    from delivery.errors import UsageError

    command = error.ctx.command_path if error.ctx else "delivery"
    return UsageError(error.format_message(), hint=f"{command} --help")


def _wants_json(arguments: list[str]) -> bool:
    """Asked before the command line could be parsed, since the parsing itself may be what failed."""
    return "--json" in arguments or os.environ.get("DELIVERY_JSON", "").lower() in {"1", "true", "yes", "on", "y", "t"}
