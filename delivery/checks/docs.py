"""``docs/checks.md``, written from the rules themselves: ``python -m delivery.checks.docs``."""

from __future__ import annotations

import sys
from pathlib import Path

from delivery.checks.rule import RULES, Group, Rule

PLACE = "docs/checks.md"
MEASURED = "<!-- measured -->"
"""What follows this line is kept as it is: the tables that the tests and benchmarks wrote."""

_HEAD = """# Checks

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

This file is written from the rules: `python -m delivery.checks.docs`."""


def documentation() -> str:
    """The generated part: every rule by group, with its code, severity, reason and hint."""
    lines = [_HEAD]
    for group in Group:
        lines += ["", f"## {group.value}", ""]
        lines += ["| Code | Severity | What | Why | What to do |", "|---|---|---|---|---|"]
        lines += [_row(rule) for rule in RULES.values() if rule.group is group]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    cells = (f"`{rule.code}`", rule.severity.value, rule.title, rule.why, rule.hint)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def generated_part(text: str) -> str:
    return text.partition(MEASURED)[0].rstrip() + "\n"


def main(place: str = PLACE) -> None:
    path = Path(place)
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = old.partition(MEASURED)[2]
    path.write_text(documentation() + (f"\n{MEASURED}{kept}" if kept else ""), encoding="utf-8")


if __name__ == "__main__":
    import delivery.checks  # noqa: F401 - registers every rule

    main(*sys.argv[1:2])
