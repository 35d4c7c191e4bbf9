"""The options that several commands share, and what they become: settings, progress, a cancel token."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from delivery.cli import complete, stdin, wildcards
from delivery.cli.progress import progress_for
from delivery.cli.types import DAY, DURATION, FILE, FOLDER, LIST, RATE, Option, by_variable
from delivery.model import Via
from delivery.progress import CancelToken, Progress

if TYPE_CHECKING:
    from delivery.config import Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _option(*names: str, **attributes: Any) -> Callable[[_Command], _Command]:
    """A click option with its ``DELIVERY_<OPTION>`` variable."""
    long = next(name for name in names if name.startswith("--"))
    variable = f"DELIVERY_{long.split('/')[0].removeprefix('--').replace('-', '_').upper()}"
    return click.option(*names, cls=Option, envvar=variable, show_envvar=False, **attributes)


def together(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Several options as one decorator, in the order in which `--help` shows them."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


optional_paths = partial(
    click.argument,
    "paths",
    nargs=-1,
    type=click.Path(readable=False),
    metavar="PATH...",
    is_eager=True,
    callback=wildcards.expand,
)
paths = optional_paths(required=True)

delivery_id = click.argument("id", shell_complete=complete.deliveries)

platform = _option(
    "--platform", "-p", metavar="NAME", shell_complete=complete.platforms,
    help="Whose limits and words apply (default: fiverr; none has no limits).",
)  # fmt: skip
via = _option(
    "--via", type=click.Choice([item.value for item in Via]), help="auto picks the gentlest way for the buyer."
)
out = _option(
    "--out",
    "-o",
    type=FOLDER,
    metavar="DIR",
    shell_complete=complete.folders,
    help="The folder for what to attach (default: NAME-delivery).",
)
expires = _option("--expires", type=DURATION, metavar="7d", help="How long links live: 20s, 36h, 7d.")
require_expiry = _option(
    "--require-expiry", type=DURATION, metavar="24h", help="Upload only if links are sure to live so long."
)
id_ = _option(
    "--id", metavar="NAME", help="A name under which a later run goes on with it; commit: the commit of CI or git."
)
retain = _option("--retain", type=DURATION, metavar="14d", help="Have `prune` remove the files after so long.")
store = _option(
    "--store", metavar="NAME", shell_complete=complete.stores,
    help="The [store:NAME] of your configuration (default: local, on this machine).",
)  # fmt: skip
only_store = _option(
    "--store", metavar="NAME", shell_complete=complete.stores,
    help="Only this store (default: the configured one and each that deliveries went to).",
)  # fmt: skip
order = _option("--order", metavar="TEXT", help="A label for the order, shown to the buyer and kept in the record.")
note = _option("--note", metavar="TEXT", help="A line for the buyer on the delivery page.")
proof = _option("--proof", is_flag=True, default=None, help="Attach a proof sheet too, as the link way does.")
page = _option("--page/--no-page", default=None, help="One page for the chat instead of several links (default: yes).")
pack = _option(
    "--pack/--no-pack",
    default=None,
    help="Zips where there are many files (default: yes); else each goes by itself.",
)
language = _option("--language", metavar="en", shell_complete=complete.languages, help="The language of the message.")
allow = _option(
    "--allow", type=LIST, multiple=True, metavar="CODE", shell_complete=complete.codes,
    help="Waive a finding by its code; may be repeated.",
)  # fmt: skip
strict = _option("--strict", is_flag=True, default=None, help="Warnings block too.")
keep_junk = _option("--keep-junk", is_flag=True, default=None, help="Deliver .DS_Store, Thumbs.db and the like too.")
bwlimit = _option("--bwlimit", type=RATE, metavar="5MB", help="Send at most so many bytes per second.")
verify = _option("--verify", is_flag=True, default=None, help="Read every uploaded file back and compare its SHA-256.")
since = _option("--since", type=DAY, metavar="DAY", help="The order's start (2026-01-31): older files are told.")
expect = _option(
    "--expect", type=LIST, multiple=True, metavar="PATTERN", help="What was promised (*.svg); may be repeated."
)
deep = _option("--deep", is_flag=True, default=None, help="Decode every picture, archive, video ... to its end; slow.")
strip = _option("--strip", is_flag=True, default=None, help="Deliver copies without personal metadata.")
dry_run = _option("--dry-run", "-n", is_flag=True, help="Say what would be done, and why; do nothing.")

bilingual = _option("--bilingual", is_flag=True, help="Put English below a message in another language.")
copy = _option("--copy", is_flag=True, help="Put the message on the clipboard too; several, one after the other.")
qr = _option("--qr", metavar="FILE", help="The link as a QR code: a PNG of this name, or - for the terminal.")
open_folder = _option("--open", "open_folder", is_flag=True, help="Open the folder with what to attach.")
saying = together(language, bilingual, copy)

# For what is said of a kept delivery no variable counts: it is the default for new ones, as the configuration is.
platform_again = click.option(
    "--platform", "-p", metavar="NAME", shell_complete=complete.platforms,
    help="Whose limits and words apply (default: the delivery's own; without an ID, yours).",
)  # fmt: skip
language_again = click.option(
    "--language", metavar="en", shell_complete=complete.languages,
    help="The language of the message (default: the delivery's own).",
)  # fmt: skip
saying_again = together(language_again, bilingual, copy)
situation = click.option(
    "--situation",
    type=click.Choice(["first", "revision"]),
    help="What the message is for (default: a revision with --revision-of, else first).",
)
revision_of = click.option(
    "--revision-of", metavar="ID", shell_complete=complete.deliveries,
    help="The delivery that this one replaces: the message says what changed.",
)  # fmt: skip

_written = partial(_option, type=FILE, metavar="FILE", is_eager=True)
"""Read first, with the paths, so that a mistake in another option can be told in them."""
report = _written("--report", help="Write the JSON document to FILE too, links and all: an artifact for CI.")
summary = _written("--summary", help="Write a Markdown summary to FILE; GitHub gets its own by itself.")
dotenv = _written("--dotenv", help="Write what later CI jobs want to know to FILE, as NAME=value.")
code_quality = _written("--code-quality", help="Write the findings as a GitLab Code Quality report.")
reporting = together(report, summary, dotenv, code_quality)

json = _option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
config = _option(
    "--config",
    type=click.Path(readable=False),
    metavar="FILE",
    help="A configuration file (default: delivery.ini here, then yours).",
)
quiet = _option("--quiet", "-q", is_flag=True, help="Only the result and errors.")
verbose = _option("--verbose", "-v", is_flag=True, help="Say more: where settings come from, every reason.")
no_progress = _option(
    "--no-progress", is_flag=True, help="No progress bars or lines; what happened on the way is still told."
)

common = together(json, config, quiet, verbose, no_progress)
looking = together(since, expect, deep)
finding_options = together(platform, allow, strict, keep_junk, looking)
linking = together(expires, require_expiry, retain, store, note, page, qr, bwlimit, verify)
delivering = together(
    stdin.option,
    platform,
    out,
    id_,
    order,
    proof,
    saying,
    revision_of,
    situation,
    allow,
    strict,
    keep_junk,
    pack,
    looking,
    strip,
    open_folder,
    dry_run,
    reporting,
    common,
)


_STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))
"""The last is Ctrl-Break on Windows, which is also how one program there asks another to stop."""


@dataclass
class Session:
    """What a command works with."""

    progress: Progress
    cancel: CancelToken
    as_json: bool
    quiet: bool
    verbose: bool
    _load: Callable[[], Settings] = field(repr=False)

    @cached_property
    def settings(self) -> Settings:
        """Loaded when they are asked for. Raises ConfigError."""
        return self._load()


@contextmanager
def session(values: dict[str, Any]) -> Iterator[Session]:
    """Take the common options out of ``values``. Meanwhile Ctrl-C sets the cancel token; a second one stops at once."""
    as_json, quiet, verbose, silent, file = (
        values.pop(name) for name in ("as_json", "quiet", "verbose", "no_progress", "config")
    )
    bilingual = values.pop("bilingual", False)

    def load() -> Settings:
        from delivery.config import Settings

        settings = Settings.load(file)
        return replace(settings, message=replace(settings.message, bilingual=True)) if bilingual else settings

    cancel = CancelToken()
    with progress_for(not silent, quiet=quiet) as progress, _cancelling(cancel):
        session = Session(progress, cancel, as_json, quiet, verbose, load)
        if file is not None:
            _ = session.settings  # a file that was named is read, whether or not the command needs it
        yield session


@contextmanager
def _cancelling(cancel: CancelToken) -> Iterator[None]:
    heard = 0

    def on_signal(number: int, frame: object) -> None:
        nonlocal heard
        heard += 1
        if heard > 1:
            raise KeyboardInterrupt
        cancel.cancel()

    before = {number: signal.signal(number, on_signal) for number in _STOPPING}
    try:
        with _listening(cancel):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listening(cancel: CancelToken) -> Iterator[None]:
    """A thread that hears of signals too, because Python's handlers run in the main thread, which may be waiting.

    Nothing wakes it from a wait for another thread on Windows, nor elsewhere if the signal comes as the wait begins.
    """
    import socket

    heard, told = socket.socketpair()
    told.setblocking(False)

    def listen() -> None:
        while number := heard.recv(1):
            if number[0] in _STOPPING:
                cancel.cancel()

    listener = threading.Thread(target=listen, name="delivery-signals", daemon=True)
    listener.start()
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        told.close()
        listener.join()
        heard.close()


def transfer_settings(settings: Settings, values: dict[str, Any]) -> Settings:
    """``settings`` with ``--bwlimit`` and ``--verify``, which are taken out of ``values``."""
    given = {name: value for name in ("bwlimit", "verify") if (value := values.pop(name, None)) is not None}
    return replace(settings, upload=replace(settings.upload, **given)) if given else settings


def overrides(values: dict[str, Any]) -> dict[str, Any]:
    """The options that stand for settings, in the form that the library takes; those that were not given are None.

    So are those that a variable gave: the settings have them, and know where they came from.
    """
    context = click.get_current_context()
    values.update(dict.fromkeys(name for name in values if by_variable(context, name)))
    allowed = values.pop("allow", None) or ()
    values["allow"] = tuple(code for codes in allowed for code in codes) or None
    expected = values.pop("expect", None) or ()
    values["expect"] = tuple(pattern for patterns in expected for pattern in patterns) or None
    if values.get("via") is not None:
        values["via"] = Via(values["via"])
    return values
