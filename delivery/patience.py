"""Waiting for other programs: Windows opens, moves or removes no file that one of them holds open for a moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_TRIES = 20 if os.name == "nt" else 0
_PAUSE = 0.05

_Given = TypeVar("_Given")


def patiently(act: Callable[[], _Given]) -> _Given:
    """What ``act`` gives, tried for a second on Windows: a scanner, or another run, may look at the file just now."""
    for _ in range(_TRIES):
        with suppress(PermissionError):
            return act()
        time.sleep(_PAUSE)
    return act()
