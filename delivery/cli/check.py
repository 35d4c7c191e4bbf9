"""`delivery check`: findings only."""

from __future__ import annotations

import sys
from typing import Any

import click

from delivery import report
from delivery.cli import options, pipeline, render, stdin
from delivery.cli.act import beside_the_result
from delivery.errors import BlockedError
from delivery.units import counted, format_size


@click.command("check")
@options.paths
@stdin.option
@options.finding_options
@click.option("--no-hash", is_flag=True, help="Do not read whole files: quicker, and no SHA-256 in the result.")
@options.code_quality
@options.common
def command(paths: tuple[str, ...], no_hash: bool, code_quality: str | None, **values: Any) -> int:
    """Look for what is wrong, leaky or blocked; nothing is written or sent. Exit code 3 when something blocks."""
    inputs = stdin.inputs_of(paths, values)
    reports = pipeline.Reports(code_quality=code_quality)
    reports.keep_out_of(inputs)
    with options.session(values) as session:
        from delivery import service

        with service.check(
            inputs, settings=session.settings, digests=not no_hash, progress=session.progress, cancel=session.cancel,
            **{**options.overrides(values), "strip": False},
        ) as checked:  # fmt: skip
            reports.findings, reports.places = checked.findings, pipeline.places_of(checked.findings, checked.files)
    if session.as_json:
        report.write(report.check_document(checked.files, checked.findings, checked.profile.name), sys.stdout)
    if not session.as_json or (pipeline.annotates() and not session.quiet):
        render.findings(checked.findings, reports.places)
    with beside_the_result():
        reports.looked()
    if not session.as_json:
        size, files = format_size(checked.deliverable.size), counted(len(checked.files), "file")
        verdict = "blocked" if checked.blocking else "nothing stands in the way"
        render.say(f"{files}, {size}, for {checked.profile.title}: {verdict}")
    if checked.blocking:
        return BlockedError.exit_code
    return 0
