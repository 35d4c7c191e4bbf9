"""The message to paste: composed, cut to the platform's length, and checked against what marketplaces hold back."""

from delivery.message.changes import Changes, compare
from delivery.message.compose import Reply, Situation, check_templates, compose, reply
from delivery.message.finding import LintFinding
from delivery.message.lint import held_words, lint, lint_name, refuse_held, warnings

__all__ = [
    "Changes",
    "LintFinding",
    "Reply",
    "Situation",
    "check_templates",
    "compare",
    "compose",
    "held_words",
    "lint",
    "lint_name",
    "refuse_held",
    "reply",
    "warnings",
]
