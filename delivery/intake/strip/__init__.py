"""Cleaned copies: the same pictures and pages without what their metadata tell. The originals are never touched."""

from delivery.intake.strip.copies import Removed, Stripped, strip, summary

__all__ = ["Removed", "Stripped", "strip", "summary"]
