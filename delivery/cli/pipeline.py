"""What the terminal's commands do differently in CI: annotations, groups of lines, and what is shown and handed on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from delivery import ci, report
from delivery.ci import files, outputs, quality
from delivery.ci import summary as written
from delivery.cli.streams import command
from delivery.errors import BlockedError, DeliveryError, LocalError, UsageError
from delivery.escape import printable
from delivery.model import Delivery, FileEntry, Finding, Severity


def may_ask() -> bool:
    """Whether somebody is there to answer: never in CI, whatever the terminal claims to be."""
    return ci.detect() is None and sys.stdin is not None and sys.stdin.isatty()


def annotate(severity: Severity, code: str, message: str, path: str = "") -> bool:
    """Have the service show it beside the file; False where it cannot."""
    voice = ci.voice_of(ci.detect())
    return command(voice.annotation(ci.Remark(severity, code, message, path)))


def annotates() -> bool:
    """Whether the service shows annotations."""
    return ci.voice_of(ci.detect()).annotation(ci.Remark(Severity.ERROR, "", "")) is not None


@contextmanager
def group(title: str, name: str, *, shown: bool = True) -> Iterator[None]:
    """The lines of the block are folded under ``title`` in the service's log."""
    voice = ci.voice_of(ci.detect() if shown else None)
    command(voice.group(title, name, datetime.now(UTC)))
    try:
        yield
    finally:
        command(voice.group_end(name, datetime.now(UTC)))


def places_of(found: Sequence[Finding], entries: Sequence[FileEntry]) -> dict[str, str]:
    """Arcname -> where that file lies in the sources, for the files that were found fault with."""
    service = ci.detect()
    named = {item.path for item in found if item.path}
    if service is None or not named:
        return {}
    placed = {entry.arcname: ci.place_in_sources(entry.path, service) for entry in entries if entry.arcname in named}
    return {arcname: place for arcname, place in placed.items() if place is not None}


def keep_out_of(paths: Iterable[object], place: str) -> None:
    """Raise LocalError where a file at ``place`` would be written over the work at ``paths``, or delivered with it."""
    target = _true_path(place)
    for path in paths:
        work = _true_path(path) if isinstance(path, str) else ""
        if work and (target == work or target.startswith(os.path.join(work, ""))):
            where = "is itself" if target == work else f"lies inside {printable(str(path))}, which is"
            raise LocalError(
                f"{printable(place)} {where} to be delivered",
                hint="name a file that lies beside the work",
                code="report-inside-source",
            )


def _true_path(place: str) -> str:
    """As far as the system tells it: Windows does not of a device, nor of a share that refuses us."""
    try:
        return os.path.realpath(place)
    except OSError:
        from delivery.places import absolute

        return os.path.abspath(absolute(Path(place)))


def misread(context: click.Context | None, error: DeliveryError) -> None:
    """Leave ``error`` in the files that a command line names which could not be read to its end."""
    options = {option.name: option for option in context.command.params} if context else {}
    if context is None or "report" not in options:
        return
    read: dict[str, Any] = {name: value for name, value in context.params.items() if isinstance(value, str | tuple)}
    reports = Reports.taken_from(
        {name: read.get(name) or options[name].resolve_envvar_value(context) for name in _NAMES}
    )
    with suppress(LocalError, UsageError):
        reports.keep_out_of(read.get("paths", ()))
        reports.failed(error)


_NAMES = ("report", "summary", "dotenv", "code_quality")


@dataclass
class Reports:
    """The files that a run leaves for the service and for later steps, however it ends."""

    report: str | None = None
    summary: str | None = None
    dotenv: str | None = None
    code_quality: str | None = None
    findings: Sequence[Finding] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _NAMES:  # no shell reads ~ behind a =, nor does CI in a variable
            if place := getattr(self, name):
                setattr(self, name, os.path.expanduser(place))

    @classmethod
    def taken_from(cls, values: dict[str, Any]) -> Reports:
        """The options of the same names are taken out of ``values``."""
        return cls(*(values.pop(name, None) for name in _NAMES))

    def keep_out_of(self, paths: Iterable[object]) -> None:
        """Raise LocalError for a file that would be written over the work at ``paths``, or delivered with it next;
        UsageError for one that two options name, or that the service is given by itself."""
        service = ci.detect()
        own = (service.summary, service.outputs) if service is not None else ()
        named = {_true_path(place): f"${name}" for name in own if (place := os.environ.get(name))}
        for name in _NAMES:
            if not (place := getattr(self, name)):
                continue
            keep_out_of(paths, place)
            option, other = f"--{name.replace('_', '-')}", named.get(_true_path(place))
            if other and (os.path.isfile(place) or not os.path.exists(place)):
                raise UsageError(
                    f"{other} and {option} would both be written to {printable(place)}",
                    hint=f"leave {option} out" if other.startswith("$") else "name two files",
                    code="report-file",
                )
            named[_true_path(place)] = option

    def foresee(self) -> None:
        """Raise LocalError now for a file that could not be written once all is done."""
        service = ci.detect()
        handed = [os.environ.get(name) for name in (service.summary, service.outputs)] if service is not None else []
        for place in (self.report, self.summary, self.dotenv, self.code_quality, *handed):
            if place:
                files.foresee(place)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Where the block fails, say so in the files and let the error pass."""
        try:
            yield
        except DeliveryError as error:
            self.failed(error)
            raise

    def failed(self, error: DeliveryError) -> None:
        """Say in the files that nothing was delivered: what an earlier run left in them would pass for this one's."""
        found = error.findings if isinstance(error, BlockedError) else ()
        try:
            if self.dotenv:
                files.write(self.dotenv, ())
            self._leave(report.pieces(report.error_document(error, found)), written.failure(error, found))
        except LocalError as also:
            from delivery.cli import render

            if also.message != error.message:
                render.error(also)  # told, but what went wrong first decides the exit code

    def delivered(self, done: Delivery, say: Callable[[str], None]) -> None:
        """Show and hand on ``done``; ``say`` tells the user where its links went."""
        service = ci.detect()
        masks = service is not None and service.masks
        try:
            self._leave(
                report.pieces(report.send_document(done)),
                written.summary(done, masks=masks, report=self.report),
            )
        finally:
            told = not done.dry_run and self._hand_on(service, outputs.outputs(done, report=self.report))
        if told and done.links:
            place = f"they stand whole in {self.report}" if self.report else "add --report FILE to keep them in a file"
            say(f"links are not among the outputs, since they carry the key id, which CI masks; {place}")

    def looked(self) -> None:
        """Write what was found, where that was asked for."""
        if self.code_quality:
            files.write(self.code_quality, files.json_pieces(quality.code_quality(self.findings, self.places)))

    def _leave(self, document: Iterator[str], shown: str) -> None:
        if self.report:
            files.write(self.report, document)
        self.looked()
        service = ci.detect()
        if service is not None and (place := os.environ.get(service.summary)):
            files.append(place, f"{shown}\n")
        if self.summary:
            files.write(self.summary, [shown])
            command(ci.voice_of(service).attached_summary(os.path.abspath(self.summary)))

    def _hand_on(self, service: ci.Service | None, values: Mapping[str, str]) -> bool:
        """Whether anybody was told."""
        told = False
        if service is not None and (place := os.environ.get(service.outputs)):
            files.append(place, outputs.for_github(values))
            told = True
        if self.dotenv:
            files.write(self.dotenv, [outputs.dotenv(values)])
            told = True
        voice = ci.voice_of(service)
        for name, text in values.items():
            told |= command(voice.variable(outputs.variable(name), text))
        return told
