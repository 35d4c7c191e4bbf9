"""``*.jpg`` on Windows, whose shells leave it to each program."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from delivery.errors import LocalError
from delivery.escape import printable

_LEFT_TO_US = os.name == "nt"


def expand(_context: Any, _parameter: Any, values: Sequence[str]) -> tuple[str, ...]:
    """A callback for paths. Raises LocalError where nothing matches."""
    return tuple(path for value in values for path in _matches(value)) if _LEFT_TO_US else tuple(values)


def _matches(value: str) -> Iterator[str]:
    """A bracket is part of a name there: browsers save ``photo[1].jpg``."""
    drive, rest = os.path.splitdrive(value)  # \\?\C: has a question mark
    if not re.search("[*?]", rest):
        yield value
        return
    import glob

    found = sorted(glob.glob(drive + rest.replace("[", "[[]")))
    if not found:
        raise LocalError(
            f"nothing matches {printable(value)}", hint="check the spelling, and the folder that you are in"
        )
    yield from found
