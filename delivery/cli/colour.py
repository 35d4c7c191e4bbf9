"""Whether there is colour."""

from __future__ import annotations

import os

from delivery import ci


def colour() -> bool | None:
    """None lets the terminal decide. The usual variables speak first; in CI, or if TERM is dumb, none unless asked."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return False if ci.detect() or os.environ.get("TERM") == "dumb" else None
