"""What `send`, `pack` and `upload` share: look, say what will be done, do it, show the result."""

from __future__ import annotations

from typing import Any

import click

from delivery.cli import options, qr, render, stdin
from delivery.cli.clipboard import Clipboard, copy_each, find
from delivery.model import Delivery, Via


def act(paths: tuple[str, ...], values: dict[str, Any], *, via: Via | None = None) -> None:
    only_plan, revision_of, situation = (values.pop(name) for name in ("dry_run", "revision_of", "situation"))
    qr_place = values.pop("qr", None)
    open_folder = values.pop("open_folder")
    clipboard = find() if values.pop("copy") else None
    inputs = stdin.inputs_of(paths, values)
    with options.session(values) as session:
        from delivery import service

        settings = options.transfer_settings(session.settings, values)
        given = options.overrides(values)
        if via is not None:
            given["via"] = via
        if only_plan:
            given["strip"] = False  # cleaned copies are made when it is done, not when it is planned
        with service.check(
            inputs, settings=settings, digests=False, read_streams=only_plan, progress=session.progress,
            cancel=session.cancel, **given,
        ) as inspection:  # fmt: skip
            spoken = not (session.as_json or session.quiet)
            if spoken and session.verbose:
                render.settings(inspection.settings)
            planned = service.plan(inspection)
            if qr_place is not None:
                qr.foresee(planned, qr_place)
            if spoken:
                render.findings(inspection.findings)
                render.plan(planned)
            if only_plan:
                done = service.dry_run(inspection, planned)
            else:
                done = service.carry_out(
                    inspection, planned, revision_of=revision_of, situation=situation,
                    progress=session.progress, cancel=session.cancel,
                )  # fmt: skip
    render.delivery(done, as_json=session.as_json, quiet=session.quiet)
    finish(done, clipboard, qr_place)
    if open_folder and done.out and not done.dry_run:
        click.launch(done.out)


def finish(done: Delivery, clipboard: Clipboard | None, qr_place: str | None) -> None:
    """What may follow the result: the QR code of its link, and its messages on the clipboard."""
    if qr_place is not None and not done.dry_run:
        qr.show(qr.url_of(done), qr_place)
    if clipboard is not None:
        copy_each(clipboard, done.messages)
