"""Text for people: findings, plan, summary and hints to stderr; messages, the data, to stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from delivery import report
from delivery.cli.colour import colour
from delivery.cli.pipeline import annotate
from delivery.errors import BlockedError, DeliveryError
from delivery.escape import printable
from delivery.model import Attachment, Delivery, FileEntry, Finding, Method, Part, Plan, Severity
from delivery.units import counted, format_duration, format_size
from delivery.values import show

if TYPE_CHECKING:
    from delivery.config import Settings
    from delivery.hosting import Pruned, Revoked

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_MANY = 12
_SHOWN = 5


def say(text: str) -> None:
    """One line for the person at the terminal."""
    click.echo(text, err=True, color=colour())


def error(problem: DeliveryError) -> None:
    """What went wrong and what to do; in CI as an annotation where there are such."""
    if isinstance(problem, BlockedError):
        findings(problem.findings, problem.places)
    told = f"{problem.message}\nhint: {problem.hint}" if problem.hint else problem.message
    if annotate(Severity.ERROR, problem.code, told):
        return
    lines = [printable(line) for line in problem.message.splitlines()] or ["failed"]
    say(f"{click.style('error:', fg='red', bold=True)} {lines[0]}")
    for line in lines[1:]:
        say(f"       {line}")
    if problem.hint:
        hint(problem.hint)


def hint(text: str) -> None:
    say(f"{click.style('hint:', fg='cyan')} {printable(text)}")


def note(text: str) -> None:
    say(f"{click.style('note:', fg='blue')} {printable(text)}")


def settings(chosen: Settings) -> None:
    """What differs from the built-in defaults, and where it came from. Keys are not among it."""
    say(f"configuration: {printable(str(chosen.file)) if chosen.file else 'no file'}")
    for name, place in chosen.origins.items():
        section, _, option = name.partition(".")
        if section == "delivery":
            say(f"  {option} = {printable(show(getattr(chosen.delivery, option)))} ({printable(place)})")


def findings(found: Sequence[Finding], places: Mapping[str, str]) -> None:
    """By code, worst first; where a code is met many times, the first ones and a count.

    In CI as annotations where there are such; ``places`` says where in the sources a file lies.
    """
    from delivery import checks

    for group in checks.grouped(found, most=_SHOWN):
        label = click.style(f"{group.severity.value}:", fg=_COLOURS[group.severity])
        noted = False
        for item in group.shown:
            told = f"{item.path}: {item.message}" if item.path else item.message
            told = f"{told}\nhint: {item.hint}" if item.hint else told
            if annotate(item.severity, item.code, told, places.get(item.path, item.path)):
                noted = True
                continue
            place = f"{printable(item.path)}: " if item.path else ""
            say(f"{label} {place}{printable(item.message)} [{item.code}]")
        if group.more:
            say(f"  and {group.more:,} more of [{group.code}]; --json lists them all")
        if group.hint and not noted:
            hint(group.hint)


def plan(planned: Plan) -> None:
    """What will be done, and why."""
    files = planned.deliverable.entries
    say(f"{counted(len(files), 'file')}, {_sizes(files)}")
    way = "attach" if planned.method is Method.ATTACH else "link"
    say(f"{click.style('way:', bold=True)} {way}")
    for reason in planned.reasons:
        say(f"  {printable(reason)}")
    _parts(planned)


def _sizes(files: Sequence[FileEntry]) -> str:
    """Of all of them together, as far as it is known."""
    known = [entry.size for entry in files if entry.known_size]
    unknown = len(files) - len(known)
    streams = f"{f'{unknown:,} streams' if unknown > 1 else 'a stream'} of unknown size" if unknown else ""
    return " and ".join(filter(None, (format_size(sum(known)) if known else "", streams)))


def _parts(planned: Plan) -> None:
    for part in planned.parts[:_MANY]:
        carried = f", {len(part.members):,} files" if len(part.members) > 1 else ""
        where = f"message {part.message}: " if planned.messages > 1 else ""
        say(f"  {where}{printable(part.filename)} ({part.kind.value}, {_about(part)}{carried})")
    if len(planned.parts) > _MANY:
        say(f"  and {len(planned.parts) - _MANY:,} more")


def _about(part: Part) -> str:
    if not all(entry.known_size for entry in part.members):
        return "its size is known at its end"
    exact = part.kind in {"as-is", "volume"}
    return format_size(part.size) if exact else f"at most {format_size(part.size)}"


def document(done: Delivery) -> None:
    """The one JSON document of a delivery, to stdout."""
    report.write(report.send_document(done), sys.stdout)


def delivery(done: Delivery, *, as_json: bool, quiet: bool) -> None:
    """The result: one document with ``--json``, else the summary to stderr and the messages to stdout."""
    if as_json:
        document(done)
        return
    if not quiet:
        _summary(done)
    messages(done.messages)


def pruned(gone: Pruned) -> dict[str, int]:
    """What left a store, for a JSON document."""
    return {"deliveries": gone.deliveries, "objects": gone.objects, "bytes": gone.size, "parts": gone.parts}


def would_revoke(id: str, gone: Revoked) -> None:
    """What would leave the store, to stdout."""
    parts = f" and {counted(gone.parts, 'unfinished upload')}" if gone.parts else ""
    click.echo(f"{id}: would remove {counted(gone.removed, 'object')}{parts}")
    for name in gone.names[:_MANY]:
        click.echo(f"  {printable(name)}")
    if gone.removed > _MANY:
        click.echo(f"  and {gone.removed - _MANY:,} more; --json lists them all")


def renewed(done: Delivery) -> None:
    """What is new about links that were signed again, or would be."""
    ends = f"until {_local(done.expires_at)}" if done.expires_at else "until an unknown time"
    count = len(done.plan.parts if done.dry_run else done.links)
    links = f"{counted(count, 'link')} of {done.id}"
    told = f"would sign {links} again" if done.dry_run else f"{links} signed again"
    say(f"{told}, {ends}; older ones keep their own end")
    for text in done.notes:
        note(text)


def _summary(done: Delivery) -> None:
    if done.attachments and done.out:
        say(f"{click.style('ready in', bold=True)} {printable(done.out)}")
        _attachments(done.attachments, done.plan.messages)
    for link in done.links[:_MANY]:
        ends = f"until {_local(link.expires_at)}" if link.expires_at else "until an unknown time"
        say(f"link: {printable(link.name)}, {format_size(link.size)}, {ends}")
    if len(done.links) > _MANY:
        say(f"  and {len(done.links) - _MANY:,} more links; --json lists them all")
    where = done.plan.profile.attach_where
    if where and done.attachments:
        say(f"attach {'them' if len(done.attachments) > 1 else 'it'} here: {where}")
    for text in done.notes:
        note(text)
    if not done.dry_run:
        say(f"recorded as {done.id}; `delivery message {done.id}` writes the message again")
    if done.messages:
        several = len(done.messages) > 1
        heading = f"{len(done.messages)} messages to paste, in order:" if several else "message to paste:"
        say(f"\n{click.style(heading, bold=True)}\n")


def _attachments(attachments: Sequence[Attachment], messages: int) -> None:
    for item in attachments[:_MANY]:
        where = f"message {item.message}: " if messages > 1 else ""
        say(f"  {where}{printable(item.filename)}  {format_size(item.size)}")
    if len(attachments) > _MANY:
        say(f"  and {len(attachments) - _MANY:,} more")


def messages(texts: Iterable[str]) -> None:
    """To stdout; several are divided by a line of dashes."""
    divider = "\n----------\n\n"
    click.echo(divider.join(text.rstrip("\n") + "\n" for text in texts), nl=False)


def _local(moment: datetime) -> str:
    remaining = moment - datetime.now(UTC)
    return f"{moment.astimezone():%Y-%m-%d %H:%M %Z} (in {format_duration(remaining)})"
