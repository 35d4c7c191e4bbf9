"""The message to paste: composed, cut to the platform's length, and checked against what marketplaces hold back."""

from delivery.message.compose import compose
from delivery.message.language import codes as language_codes
from delivery.message.lint import LintFinding, lint, lint_name

__all__ = ["LintFinding", "compose", "language_codes", "lint", "lint_name"]
