"""Cleaned copies: the same pictures and pages without what their metadata tell. The originals are never touched."""

from delivery.intake.strip.copies import strip, summary

__all__ = ["strip", "summary"]
