"""Writes the pages that are tables of data: docs/platforms.md, docs/faults.md and docs/checks.md."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from delivery import platforms
from delivery.checks import RULES, Group
from delivery.checks.rule import Rule
from delivery.profile import Profile
from delivery.units import format_size

DOCS = Path(__file__).parent
FAULTS = DOCS.parent / "delivery" / "storage" / "faults.toml"
MEASURED = "<!-- measured -->"
"""What follows this line the tests and benchmarks wrote."""
PASSING = "the tool tries again, with growing pauses; then: run the same command again"


def platforms_page() -> str:
    return (
        "# What each platform takes\n\nWritten from `delivery/platforms/profiles.toml` by `python docs/make.py`; "
        "`delivery platforms NAME` says the same.\nA size is the most that is taken; - means that none is stated. "
        "A limit of your own goes into `[platform:NAME]` of the configuration.\n"
        + "".join(f"\n{line}" for profile in platforms.all_profiles().values() for line in _platform(profile))
        + "\n"
    )


def _platform(profile: Profile) -> Iterator[str]:
    limits = profile.limits
    sizes = [format_size(size) if size else "-" for size in (limits.file_bytes, limits.message_bytes)]
    yield f"## {profile.title} (`{profile.name}`)\n"
    yield f"- One file: {sizes[0]}; one message: {sizes[1]}; files in one message: {limits.message_files or '-'}"
    yield f"- Text: {f'{profile.message_chars:,} characters' if profile.message_chars else '-'}"
    yield f"- Links: {profile.link_policy.value}. {profile.link_note}".rstrip()
    if profile.note:
        yield f"- {profile.note}"
    if profile.blocked_types:
        yield f"- Refused types: {' '.join(sorted(profile.blocked_types))}"
    if profile.allowed_types is not None:
        yield f"- Allowed types: {' '.join(sorted(profile.allowed_types))}"
    for source in profile.sources:
        yield f"- Source ({'official' if source.official else 'second-hand'}): {source.address}"
    sure = "Confirmed" if profile.confirmed else "Not confirmed: at least one value is cautious or second-hand"
    yield f"- {sure}" + (f"; checked {profile.checked_on:%Y-%m}\n" if profile.checked_on else "\n")


def faults_page() -> str:
    table = tomllib.loads(FAULTS.read_text("utf-8"))
    rows = [("`{}`", table["codes"]), ("HTTP {}", table["status"])]
    return (
        (
            "# What a store refuses, and what helps\n\nWritten from `delivery/storage/faults.toml` by "
            "`python docs/make.py`. A code of the store counts before the status of its answer.\n\n"
            "| The store answers | What it means | What helps |\n|---|---|---|\n"
            + "".join(
                f"| {form.format(name)} | {row['message']} | {row.get('hint') or PASSING} |\n"
                for form, faults in rows
                for name, row in faults.items()
            )
        )
        .replace("{store}", "NAME")
        .replace("{bucket}", "BUCKET")
    )


CHECKS = """# Checks

Before anything is packed or uploaded, every file is looked at. All findings are shown at once, the gravest first.

- **error**: it would not arrive, or cannot be opened for certain. It blocks; exit code 3.
- **warning**: probably wrong or leaky. It blocks with `--strict`.
- **info**: good to know. It never blocks.

A finding is waived by its code, `--allow draft-name`, or only for some paths, `--allow "draft-name:sketches/*"`; in the
configuration, `allow = draft-name, locked:private.zip` in `[delivery]`. Nothing is ever changed in your files.

A whole disk or drive, and your home folder itself, are refused before anything in them is looked at (exit code 2), by
every command that delivers: name the folder that holds the work. What lies in the home folder, and a share on the
network, are taken. Where a container's HOME is the work itself, name what is in it.

Pictures, documents, PDFs, sound and video in a zip are looked at as on disk, within bounds: 500 of them, of each 32 MiB
and of all 256 MiB unpacked, and 15 seconds; of what is larger the beginning. One finding for each code then names the
archive, and its message the files in it; `--allow gps:final.zip` waives it. Of a 7z, a RAR or a tar, and of a zip in a
zip, the names are all that is known, and of zips whether small texts in them hold credentials.

This file is written from the rules by `python docs/make.py`."""


def checks_page() -> str:
    """Every rule by group; what was measured stands behind, and is kept."""
    lines = [CHECKS]
    for group in Group:
        lines += ["", f"## {group.value}", "", "| Code | Severity | What | Why | What to do |", "|---|---|---|---|---|"]
        lines += [_rule(rule) for rule in RULES.values() if rule.group is group]
    _, mark, measured = (DOCS / "checks.md").read_text("utf-8").partition(MEASURED)
    return "\n".join([*lines, "", mark + measured])


def _rule(rule: Rule) -> str:
    cells = (f"`{rule.code}`", rule.severity.value, rule.title, rule.why, rule.hint)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


PAGES = {"platforms.md": platforms_page, "faults.md": faults_page, "checks.md": checks_page}


def write() -> None:
    for name, text in PAGES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")
