"""What an examination of a store tells: step by step, how each ended and what that means for links."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    """Deliveries to this store do not work, or their links would not keep what they promise."""
    WARNING = "warning"
    """Deliveries work, but not as well or as privately as they could."""
    UNKNOWN = "unknown"
    """The key may not ask, or the store has no such thing."""


class Step(NamedTuple):
    """One thing that was tried."""

    name: str
    outcome: Outcome
    found: str
    means: str = ""
    """What it means for links, where it is not simply well."""
    unreachable: bool = False


class Report(NamedTuple):
    """Everything that was tried, in order."""

    steps: tuple[Step, ...]
    policy: dict[str, Any]
    """The smallest IAM policy that suffices."""

    @property
    def healthy(self) -> bool:
        return all(step.outcome is not Outcome.FAILED for step in self.steps)

    @property
    def reached(self) -> bool:
        return not any(step.unreachable for step in self.steps)
