"""`delivery lint`: what a marketplace may hold back in a text of one's own."""

from __future__ import annotations

import codecs
import sys
import unicodedata
from typing import Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.escape import printable
from delivery.message import LintFinding, lint
from delivery.model import Severity

FOUND = 3
"""The exit code when something should be said otherwise."""


@click.command("lint")
@click.argument("text", nargs=-1, required=True, metavar="TEXT|-")
@options.platform
@options.common
def command(text: tuple[str, ...], platform: str | None, **values: Any) -> int:
    """Check TEXT, or standard input for -, before you paste it: words and spellings that marketplaces hold back,
    contact details, shorteners, pressure for a review, hidden characters, and the platform's length.

    Each place is shown with a wording that says the same. Exit code 3 when something should be changed, else 0.
    """
    written = _read() if text == ("-",) else " ".join(text)  # not in the session, where one Ctrl-C ends no reading
    with options.session(values) as session:
        from delivery import platforms

        settings = session.settings.override(platform=platform)
        profile = platforms.get(settings.delivery.platform, settings)
        found = lint(written, profile, held=settings.message.held)
    if session.as_json:
        report.write(report.lint_document(found, profile.name), sys.stdout)
    elif found:
        for item in found:
            click.echo("\n".join(_lines(written, item)))
    elif not session.quiet:
        render.say(f"nothing here that {profile.title} is known to hold back")
    return FOUND if any(item.severity is not Severity.INFO for item in found) else 0


def _read() -> str:
    """Standard input as UTF-8, or as the UTF-16 that Windows PowerShell writes into files.

    What is neither shows as escapes instead of stopping the check.
    """
    data = sys.stdin.buffer.read()
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    return data.decode(encoding, "backslashreplace").replace("\r\n", "\n")


def _lines(text: str, item: LintFinding) -> list[str]:
    """Line and column, the line itself, carets below the word, and what to write instead."""
    start = text.rfind("\n", 0, item.start) + 1
    end = text.find("\n", item.start)
    line = text[start : end if end >= 0 else len(text)]
    number, column = text.count("\n", 0, item.start) + 1, item.start - start
    before, word = line[:column], line[column : item.end - start]
    shown = printable(before)[-60:]
    carets = "^" * max(1, min(_width(printable(word)), 60))
    return [
        f"{number}:{column + 1}: {item.severity.value}: {printable(item.message)} [{item.code}]",
        f"    {shown}{printable(word)[:60]}{printable(line[item.end - start :])[:40]}",
        f"    {' ' * _width(shown)}{carets}",
        f"    instead: {item.suggestion}",
    ]


def _width(text: str) -> int:
    """The columns that a terminal takes for ``text``."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
