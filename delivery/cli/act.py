"""What `send`, `pack` and `upload` share: look, say what will be done, do it, show the result."""

from __future__ import annotations

from typing import Any

from delivery.cli import options, render
from delivery.model import Via


def act(paths: tuple[str, ...], values: dict[str, Any], *, via: Via | None = None) -> None:
    only_plan = values.pop("dry_run")
    with options.session(values) as session:
        from delivery import service

        given = options.overrides(values)
        if via is not None:
            given["via"] = via
        inspection = service.check(
            paths, settings=session.settings, digests=False, progress=session.progress, cancel=session.cancel, **given
        )
        spoken = not (session.as_json or session.quiet)
        if spoken:
            render.left_out(inspection.deliverable.left_out)
        planned = service.plan(inspection)
        if spoken:
            render.findings(inspection.findings)
            render.plan(planned)
        if only_plan:
            done = service.dry_run(inspection, planned)
        else:
            done = service.carry_out(inspection, planned, progress=session.progress, cancel=session.cancel)
    render.delivery(done, as_json=session.as_json, quiet=session.quiet)
