"""What the lint says of one place in a text."""

from __future__ import annotations

from typing import NamedTuple

from delivery.model import Severity


class LintFinding(NamedTuple):
    """One place in a text that a platform may hold against the seller."""

    code: str
    severity: Severity
    start: int
    """Index into the text of the first character, and of the one after the last."""
    end: int
    found: str
    message: str
    suggestion: str
    source: str = ""
