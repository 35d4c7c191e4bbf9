"""The last look before the buyer's: pure rules over what intake observed, each with a stable code."""

from delivery.checks.rule import RULES, Group
from delivery.checks.run import blocking, grouped, run, waive

__all__ = ["RULES", "Group", "blocking", "grouped", "run", "waive"]
