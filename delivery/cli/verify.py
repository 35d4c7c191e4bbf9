"""`delivery verify`: parts or files against a manifest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.escape import printable
from delivery.units import format_size


@click.command("verify")
@click.argument("place", type=click.Path(readable=False, path_type=Path), metavar="DIR_OR_MANIFEST")
@options.common
def command(place: Path, **values: Any) -> None:
    """Check that every part, or every unpacked file, beside the manifest is as it was sent. Writes nothing.

    Exit code 7 names everything that is missing, swapped, truncated or altered. Exit code 2 says that the files went by
    link and that this is the seller's folder, which has only the proof of them: fetch the link, and verify what came.
    """
    with options.session(values) as session:
        from delivery import packing

        verified = packing.verify(place, progress=session.progress, cancel=session.cancel)
    if session.as_json:
        report.write(report.verify_document(verified.manifest_path, verified.parts + verified.files), sys.stdout)
        return
    for here, sent in verified.renamed.items():
        render.note(f"{here} is {sent} under another name")
    checked = verified.parts + verified.files
    click.echo(f"complete: {checked:,} checked, {format_size(verified.size)}, all as sent ({printable(verified.name)})")
