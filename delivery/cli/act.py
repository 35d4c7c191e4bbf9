"""What `send`, `pack` and `upload` share: look, say what will be done, do it, show the result."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from delivery.cli import folder, options, pipeline, qr, render, stdin
from delivery.cli.pipeline import Reports, group
from delivery.errors import BlockedError, DeliveryError, UsageError
from delivery.model import Delivery, Via

if TYPE_CHECKING:
    from delivery.cli.clipboard import Clipboard
    from delivery.inputs import Input


def act(paths: tuple[str, ...], values: dict[str, Any], *, via: Via | None = None) -> None:
    qr_place = values.pop("qr", None)
    open_folder = values.pop("open_folder")
    clipboard = _clipboard() if values.pop("copy") else None
    inputs = stdin.inputs_of(paths, values)
    reports, quiet, as_json = Reports.taken_from(values), values["quiet"], values["as_json"]
    reports.keep_out_of(inputs)
    if qr_place not in (None, "-"):
        pipeline.keep_out_of(inputs, os.path.expanduser(qr_place))
    with reports.kept():
        done = _done(inputs, values, via, qr_place, reports)
    render.delivery(done, as_json=as_json, quiet=quiet)
    with beside_the_result():
        reports.delivered(done, say=lambda text: None if quiet else render.note(text))
    finish(done, clipboard, qr_place)
    if open_folder and done.out and not done.dry_run:
        folder.show(done.out)


def _clipboard() -> Clipboard:
    """Found before anything is done, since it may be missing."""
    from delivery.cli.clipboard import find

    return find()


def _done(
    inputs: Sequence[Input], values: dict[str, Any], via: Via | None, qr_place: str | None, reports: Reports
) -> Delivery:
    only_plan, revision_of, situation = (values.pop(name) for name in ("dry_run", "revision_of", "situation"))
    with options.session(values) as session:
        from delivery import service

        settings = options.transfer_settings(session.settings, values)
        given = options.overrides(values)
        if via is not None:
            given["via"] = via
        if only_plan:
            asked = settings.checks.strip if given.get("strip") is None else given["strip"]
            if asked and not session.quiet:
                render.note("a dry run makes no cleaned copies, so what it finds and plans is of the files as they are")
            given["strip"] = False
        with ExitStack() as held:
            with group("checking the files", "check", shown=not session.quiet):
                inspection = held.enter_context(
                    service.check(
                        inputs, settings=settings, digests=False, read_streams=only_plan, progress=session.progress,
                        cancel=session.cancel, **given,
                    )
                )  # fmt: skip
            reports.findings = inspection.findings
            reports.places = pipeline.places_of(inspection.findings, inspection.files)
            spoken = not (session.as_json or session.quiet)
            if spoken and session.verbose:
                render.settings(inspection.settings)
            try:
                planned = service.plan(inspection)
            except BlockedError as error:
                error.places.update(reports.places)
                raise
            if qr_place is not None:
                qr.foresee(planned, qr_place)
            reports.foresee()
            if spoken or (pipeline.annotates() and not session.quiet):
                render.findings(inspection.findings, reports.places)
            if spoken:
                render.plan(planned)
            if only_plan:
                return service.dry_run(
                    inspection, planned, revision_of=revision_of, situation=situation, cancel=session.cancel
                )
            with group("packing and sending", "deliver", shown=not session.quiet):
                return service.carry_out(
                    inspection, planned, revision_of=revision_of, situation=situation,
                    progress=session.progress, cancel=session.cancel,
                )  # fmt: skip


def finish(done: Delivery, clipboard: Clipboard | None, qr_place: str | None) -> None:
    """What may follow the result: the QR code of its link, and its messages on the clipboard.

    The result stands by then, so a link that no QR code can show is but a note.
    """
    with beside_the_result():
        if qr_place is not None and not done.dry_run:
            try:
                qr.show(qr.url_of(done), qr_place)
            except UsageError as error:
                render.note(error.message)
                render.hint(error.hint)
        if clipboard is not None:
            from delivery.cli.clipboard import copy_each

            copy_each(clipboard, done.messages)


@contextmanager
def beside_the_result() -> Iterator[None]:
    """What fails in the block is told on stderr and by the exit code: stdout has its one document already."""
    try:
        yield
    except DeliveryError as error:
        render.error(error)
        raise click.exceptions.Exit(error.exit_code) from error
