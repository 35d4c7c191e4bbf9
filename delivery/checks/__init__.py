"""The last look before the buyer's: pure rules over what intake observed, each with a stable code."""

from delivery.checks.rule import RULES, Group, Rule
from delivery.checks.run import FindingGroup, blocking, grouped, run, waive

__all__ = ["RULES", "FindingGroup", "Group", "Rule", "blocking", "grouped", "run", "waive"]
