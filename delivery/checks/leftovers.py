"""Junk that intake left out: listed, so that nothing goes missing in silence."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.checks.rule import Case, Group, whole
from delivery.model import Severity


@whole(
    "left-out", Severity.INFO, Group.JUNK, "Left out",
    why="Leftovers of systems and tools only puzzle the buyer; a .deliveryignore names what else stays behind.",
    hint="--keep-junk delivers junk too, and a line such as !name in .deliveryignore takes one back; "
    "what is the tool's own never goes along",
)  # fmt: skip
def left_out(case: Case) -> Iterator[tuple[str, str]]:
    for path in case.deliverable.left_out:
        yield path.path, f"left out: {path.reason}"
