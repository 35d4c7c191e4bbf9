"""`delivery fetch`: all of a delivery on another machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.cli.types import FOLDER
from delivery.errors import UsageError
from delivery.escape import printable
from delivery.units import format_size

if TYPE_CHECKING:
    from delivery.fetching import Fetched


@click.command("fetch")
@click.argument("url", metavar="PAGE_OR_MANIFEST_URL")
@click.option(
    "--out", "-o", type=FOLDER, metavar="DIR",
    help="Where the files go (default: a folder named after the delivery).",
)  # fmt: skip
@click.option(
    "--only", multiple=True, metavar="PATTERN", help="Only what carries such a file or part (*.svg); may be repeated."
)
@click.option("--unpack", is_flag=True, help="Unpack zips and join volumes: the files as they were, in their folders.")
@options.dry_run
@options.common
def command(url: str, out: str | None, only: tuple[str, ...], unpack: bool, dry_run: bool, **values: Any) -> None:
    """Download all of a delivery, verified, from the link of its page or manifest, or one file from its own link.

    The same command again goes on where it stopped, and brings nothing twice; where a single file's link does not tell
    whether what lies here is the same, it is downloaded beside and compared. Write - for the link to have it read
    from standard input, where no list of processes shows it.
    """
    url = _piped_link() if url == "-" else url.strip()
    with options.session(values) as session:
        from delivery import fetching

        fetched = fetching.fetch(
            url, out, only=only, unpack=unpack, dry_run=dry_run, progress=session.progress, cancel=session.cancel
        )
    if session.as_json:
        report.write(report.fetch_document(fetched), sys.stdout)
        return
    if fetched.dry_run:
        _foreseen(fetched, quiet=session.quiet)
        return
    if not session.quiet:
        files = (*fetched.files, *fetched.already_there)
        there = f" ({len(fetched.already_there):,} of them there already)" if fetched.already_there else ""
        how = "all as sent" if fetched.verified else "but a single file's link does not tell its SHA-256"
        size = format_size(sum(file.size for file in files))
        render.say(f"complete: {len(files):,} in {printable(fetched.out)}{there}, {size}, {how}")
        if fetched.volumes_of:
            render.note(f"{', '.join(fetched.volumes_of[:5])} came in volumes; --unpack or `delivery join` joins them")
    for file in sorted((*fetched.files, *fetched.already_there), key=lambda file: file.path):
        click.echo(printable(file.path))


def _foreseen(fetched: Fetched, *, quiet: bool) -> None:
    """Each file with its size, those that are there already too; the folder and the sum beside."""
    if not quiet:
        there = f" ({len(fetched.already_there):,} there already)" if fetched.already_there else ""
        size = format_size(fetched.to_download)
        render.say(f"would bring {len(fetched.planned):,} to {printable(fetched.out)}{there}, {size} to download")
    lines = [(file.path, format_size(file.size)) for file in fetched.planned]
    lines += [(file.path, f"{format_size(file.size)}, there already") for file in fetched.already_there]
    for path, said in sorted(lines):
        click.echo(f"{printable(path)}  {said}")


def _piped_link() -> str:
    """The first line of standard input that is not empty, without the mark that Windows' shells put before it."""
    try:
        link = next(filter(None, (line.lstrip("\ufeff").strip() for line in sys.stdin or ())), "")
    except UnicodeDecodeError:
        link = ""
    if not link:
        raise UsageError(
            "no link came on standard input", hint='echo "$LINK" | delivery fetch - -o incoming', code="no-stdin"
        )
    return link
