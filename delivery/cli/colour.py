"""Whether there is colour."""

from __future__ import annotations

import os

from delivery import ci


def colour() -> bool | None:
    """None lets the terminal decide. The usual variables speak first; in CI there is none unless asked for."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return False if ci.detect() else None
