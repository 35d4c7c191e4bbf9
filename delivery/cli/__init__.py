"""The terminal's door. ``main`` is the script's entry; the commands are imported one by one when they are called."""

from __future__ import annotations

from delivery.cli.app import main

__all__ = ["main"]
