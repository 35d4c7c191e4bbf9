"""Trees of honest files that lie about on machines, for the false-alarm budget."""

from __future__ import annotations

import os
import sysconfig
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from delivery import checks
from delivery.checks import RULES, Group
from delivery.intake.observe import observe
from delivery.model import Deliverable, FileEntry, Finding
from delivery.options import CheckOptions
from delivery.profile import Profile

MARKET = Profile("market", "Market", marketplace=True)
BUDGET = 1000
"""One file in so many may be flagged by a rule of these groups without cause."""
GROUPS = (Group.LEAK, Group.WRONG)
_NODE = ("/usr/lib/node_modules", "/usr/local/lib/node_modules", "/usr/share/nodejs", "/opt/homebrew/lib/node_modules")


def trees() -> dict[str, list[Path]]:
    """Name -> the folders that are there on this machine."""
    found = {
        "the Python installation's own files": [Path(sysconfig.get_path("stdlib"))],
        "a node_modules": [Path(place) for place in _NODE],
        "/usr/share/doc": [Path("/usr/share/doc")],
    }
    return {name: there for name, places in found.items() if (there := [place for place in places if place.is_dir()])}


def deliverable_of(folders: list[Path]) -> Deliverable:
    """All regular files, followed through links, without their types, which these rules do not ask for."""
    entries = []
    for root in folders:
        for folder, children, names in os.walk(root):
            children[:] = sorted(set(children) - {"site-packages", "__pycache__"})
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and os.access(path, os.R_OK):
                    status = os.stat(path)
                    arcname = os.path.relpath(path, root).replace(os.sep, "/")
                    entries.append(FileEntry(path, arcname, status.st_size, status.st_mtime_ns))
    return Deliverable("tree", tuple(entries))


def _is_certain(finding: Finding) -> bool:
    """The same bytes twice, and a whole private key, are what the rule says that they are."""
    return finding.code == "duplicate" or "private key" in finding.message


def flagged(folders: list[Path]) -> tuple[int, list[Finding]]:
    """How many files there are, and the findings of the two groups but for those that are right without doubt."""
    deliverable = deliverable_of(folders)
    observations = observe(deliverable)
    found = checks.run(deliverable, observations, MARKET, CheckOptions(), now=datetime.now(UTC))
    suspects = [item for item in found if RULES[item.code].group in GROUPS and not _is_certain(item)]
    return len(deliverable.entries), suspects


def as_text() -> str:
    lines = ["| Tree | Files | Flagged | By |", "|---|---|---|---|"]
    for name, folders in trees().items():
        count, suspects = flagged(folders)
        by = Counter(item.code for item in suspects)
        told = ", ".join(f"`{code}` {number}" for code, number in by.most_common()) or "–"
        lines.append(f"| {name} | {count:,} | {len({item.path for item in suspects})} | {told} |")
    return "\n".join(lines)
