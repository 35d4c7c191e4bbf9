"""`delivery join`: volumes become the file that they were cut from."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.cli.types import FOLDER
from delivery.escape import printable
from delivery.units import format_size


@click.command("join")
@click.argument("place", type=click.Path(readable=False, path_type=Path), metavar="DIR_OR_MANIFEST")
@click.option("--out", "-o", type=FOLDER, required=True, metavar="DIR", help="Where the file goes.")
@options.dry_run
@options.common
def command(place: Path, out: str, dry_run: bool, **values: Any) -> None:
    """Join the volumes beside the manifest into DIR and verify the result. Nothing is overwritten.

    Exit code 7 names everything that is missing, swapped, truncated or altered, and nothing is made.
    """
    with options.session(values) as session:
        from delivery import packing

        joined = packing.join(place, out, dry_run=dry_run, progress=session.progress, cancel=session.cancel)
    if session.as_json:
        checked = joined.verified.parts + joined.verified.files
        planned = [asdict(file) for file in joined.planned] if dry_run else None
        report.write(report.verify_document(joined.verified.manifest_path, checked, joined.files, planned), sys.stdout)
        return
    if dry_run:
        if not joined.planned:
            render.note("nothing to join: every attachment opens on its own")
        for file in joined.planned:
            click.echo(f"{printable(file.path)}  {format_size(file.size)}, would be joined of {file.parts:,} parts")
        return
    if not joined.files:
        render.note("nothing to join: every attachment opens on its own, and all are as sent")
    for path in joined.files:
        click.echo(printable(path))
