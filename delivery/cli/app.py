"""The group of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from delivery._version import __version__
from delivery.cli import streams
from delivery.cli.colour import colour
from delivery.errors import FULL, BlockedError, DeliveryError, LocalError, UsageError
from delivery.nearest import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_GROUPS: dict[str, dict[str, str]] = {
    "The main job": {
        "send": "Check, then attach or link, and write the message to paste.",
        "check": "Only look: what is wrong, leaky or blocked.",
        "pack": "Only make ready what to attach, in a folder.",
        "upload": "Only upload, and hand back links that expire.",
    },
    "Afterwards": {
        "list": "What was delivered, with the ID that the others take.",
        "show": "One delivery, whole.",
        "message": "Its message again, with its links signed again.",
        "reply": "The answer to a buyer who cannot open it, or wants it otherwise.",
        "renew": "Its links again for a longer time, without uploading.",
        "revoke": "End its links now, and prove it.",
        "status": "Which links end soon; the exit code says so too, for cron.",
        "record": "The dated, factual account of it, for Customer Support.",
    },
    "Looking": {
        "fetch": "Download all of a delivery elsewhere, from its one link.",
        "verify": "Is everything in a folder as it was sent?",
        "join": "Put a file that was sent in volumes together again.",
        "lint": "What in a text of yours a marketplace may hold back.",
        "platforms": "What each platform takes, with source and date.",
    },
    "Set-up": {
        "init": "Write a config.ini, asking what it needs.",
        "doctor": "Try the configured store for real, and say what fails.",
        "prune": "Remove from the stores what is past its time.",
        "store": "The embedded store on this machine: serve, status, stop.",
        "completion": "Have your shell complete commands, options and IDs.",
    },
}
_COMMANDS = {name: words for commands in _GROUPS.values() for name, words in commands.items()}
_MODULES = {"list": "list_"}
_OUTPUT_LOST = FULL | {errno.EIO}
_GONE_IS_INVALID = os.name == "nt"
"""A write to a pipe whose reader has gone fails with EINVAL there."""


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

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Click would compare a mistyped name with the commands that are loaded, which are none."""
        name = args[0]
        if not (name in _COMMANDS or name.startswith("-") or context.resilient_parsing):
            close = nearest(name, _COMMANDS)
            meant = f"Did you mean {close[0]!r}?" if close else "The commands are listed by: delivery --help"
            context.fail(f"No such command {name!r}. {meant}")
        return super().resolve_command(context, args)

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """Without importing every command only to ask for its words."""
        if incomplete.startswith("-"):
            return super().shell_complete(context, incomplete)
        from click.shell_completion import CompletionItem

        return [CompletionItem(name, help=text) for name, text in _COMMANDS.items() if name.startswith(incomplete)]

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands first, by what they are for."""
        width = max(map(len, _COMMANDS))
        for title, commands in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in commands.items()])
        click.Command.format_options(self, context, formatter)


@click.command(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, subcommand_metavar="COMMAND ..."
)
@click.version_option(__version__, "--version", prog_name="delivery", help="Show the version and exit.")
def app() -> None:
    """Hand finished work to a buyer: checked, packed or linked, with the message to paste.

    \b
    delivery send work/ --dry-run     what would be done, and why; nothing is written
    delivery send work/               what to attach lies ready, the message is on the screen
    delivery send work/ --via link    uploaded instead, with links that expire
    delivery send --help              every option, explained; so for each command

    Nothing needs to be set up for this. Links then open on this machine only; for a
    store of your own: delivery init
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a bug (with its traceback), else the error's own code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=_encoding(stream), errors="replace")
    streams.guard()
    code = _run(arguments)  # a bug's traceback, too, is printed through the guard
    streams.unguard()
    sys.exit(code)


def _encoding(stream: TextIO) -> str | None:
    """UTF-8 for what is piped or redirected: Windows would choose one that lacks most languages. None: its own."""
    return None if stream.isatty() or os.environ.get("PYTHONIOENCODING") else "utf-8"


def _run(arguments: list[str]) -> int:
    try:
        code = app.main(arguments, prog_name="delivery", standalone_mode=False, color=colour())
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except DeliveryError as error:
        _report(error, arguments)
        return error.exit_code
    except click.UsageError as error:
        from delivery.cli.pipeline import annotates, misread

        told = _as_usage_error(error)
        misread(error.ctx, told)
        if _wants_json(arguments) or annotates():
            _report(told, arguments)
        else:
            error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("cancelled\nhint: run the same command again to go on", err=True)
        return 130
    except (BrokenPipeError, SystemExit):  # click exits by itself when the reader of a pipe has gone
        streams.drop(sys.stdout)
        return 0
    except OSError as error:
        gone = _GONE_IS_INVALID and error.errno == errno.EINVAL and _fails(sys.stdout)
        if not gone and (error.errno not in _OUTPUT_LOST or error.filename is not None):
            raise
        streams.drop(sys.stdout)
        if gone:
            return 0
        hint = "make room where it goes; what was delivered stands, see `delivery list`"
        click.echo(f"error: the output cannot be written: {error.strerror}\nhint: {hint}", err=True)
        return LocalError.exit_code


def _fails(stream: TextIO) -> bool:
    """Tried, because much else can fail with EINVAL."""
    try:
        stream.write("\n")
        stream.flush()
    except OSError:
        return True
    return False


def _report(error: DeliveryError, arguments: list[str]) -> None:
    from delivery import report
    from delivery.cli.pipeline import annotates
    from delivery.cli.render import error as show

    findings = error.findings if isinstance(error, BlockedError) else ()
    as_json = _wants_json(arguments)
    if as_json:
        try:
            report.write(report.error_document(error, findings), sys.stdout)
            sys.stdout.flush()
        except OSError:  # nobody reads it, or there is no room: the exit code tells
            streams.drop(sys.stdout)
    if not as_json or annotates():
        show(error)


def _as_usage_error(error: click.UsageError) -> DeliveryError:
    command = error.ctx.command_path if error.ctx else "delivery"
    return UsageError(error.format_message(), hint=f"{command} --help")


def _wants_json(arguments: list[str]) -> bool:
    """Asked before the command line could be parsed, since the parsing itself may be what failed."""
    asked = os.environ.get("DELIVERY_JSON", "").strip().lower()
    return "--json" in arguments or asked in {"1", "true", "yes", "on", "y", "t"}
