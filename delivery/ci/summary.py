"""What a run delivered, as Markdown for the page of the run. No file name can become markup in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from delivery.errors import DeliveryError
from delivery.escape import printable
from delivery.model import Delivery, Finding, Link
from delivery.units import counted, format_size, format_utc

MOST_FILES = 200
"""A summary may be 1 MiB, on older runners 128 KiB."""
_MOST_LINKS = 20
_MOST_FINDINGS = 50
_MARKUP = re.compile(r"[^\w\s.\-]|_", re.ASCII)


def text(words: str) -> str:
    """``words`` on one line, every character that Markdown or HTML could read as markup written as an entity."""
    plain = _MARKUP.sub(lambda char: f"&#{ord(char[0])};" if char[0].isascii() else char[0], printable(words))
    return re.sub(r"(?i)\bwww\.", lambda found: found[0][:-1] + "&#46;", plain)


def summary(done: Delivery, *, masks: bool = False, report: str | None = None) -> str:
    """The outcome of a delivery: its link and end, its files, what was found.

    ``masks``: the service blanks what it keeps secret; ``report`` is the file in which the links stand whole.
    """
    lines = [f"### Delivery {text(done.plan.deliverable.name)}", ""]
    lines += _where(done, masks, report)
    lines += ["", "| File | Size | SHA-256 |", "| --- | ---: | --- |"]
    lines += [
        f"| {text(entry.arcname)} | {text(format_size(entry.size))} | {f'`{entry.sha256}`' if entry.sha256 else ''} |"
        for entry in done.files[:MOST_FILES]
    ]
    if len(done.files) > MOST_FILES:
        lines += ["", f"and {len(done.files) - MOST_FILES:,} more files"]
    if not done.dry_run:
        lines += ["", f"Recorded as `{done.id}`."]
    lines += [*_findings(done.findings), ""]
    return "\n".join(lines)


def failure(error: DeliveryError, findings: Sequence[Finding] = ()) -> str:
    """Why nothing was delivered."""
    said = [f"### Not delivered: {text(error.message)}", ""]
    if error.hint:
        said += [text(error.hint), ""]
    return "\n".join([*said, f"Exit code {error.exit_code} (`{error.code}`).", *_findings(findings), ""])


def carries_token(link: Link) -> bool:
    """Whether a link was signed with temporary credentials, whose session token then stands in it."""
    return "X-Amz-Security-Token" in parse_qs(urlsplit(link.url).query)


def _where(done: Delivery, masks: bool, report: str | None) -> list[str]:
    if done.dry_run:
        return [f"A dry run: nothing was delivered. The way would be: {done.method.value}."]
    shown = [done.page] if done.page else list(done.links)
    if not shown:
        return [f"Ready in {text(done.out or '')}: {counted(len(done.attachments), 'attachment')}."]
    end = f"until **{format_utc(done.expires_at)}**" if done.expires_at else "until an unknown time"
    if any(carries_token(link) for link in shown):
        place = f"stands in the artifact {text(report)}" if report else "was not kept: add --report FILE"
        return [f"The link works {end}. It carries a session token, so it does not stand here; it {place}."]
    lines = [
        f"- [{'Delivery page' if link is done.page else text(link.name)}](<{link.url}>), {end}"
        for link in shown[:_MOST_LINKS]
    ]
    if len(shown) > _MOST_LINKS:
        lines.append(f"- and {len(shown) - _MOST_LINKS:,} more")
    if masks:
        place = f"take it from the artifact {text(report)}" if report else "add --report FILE and keep that"
        lines += ["", f"Where a link shows \\*\\*\\*, its key id is a secret of this workflow: {place}."]
    return lines


def _findings(found: Sequence[Finding]) -> list[str]:
    if not found:
        return []
    lines = ["", "| Finding | File | |", "| --- | --- | --- |"]
    lines += [
        f"| {item.severity.value} `{item.code}` | {text(item.path)} | {text(item.message)} |"
        for item in found[:_MOST_FINDINGS]
    ]
    if len(found) > _MOST_FINDINGS:
        lines += ["", f"and {len(found) - _MOST_FINDINGS:,} more findings"]
    return lines
