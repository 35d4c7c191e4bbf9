"""``*.jpg`` on Windows, whose shells leave it to each program."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from delivery.errors import LocalError
from delivery.escape import printable

_LEFT_TO_US = os.name == "nt"


def expand(_context: Any, _parameter: Any, values: Sequence[str]) -> tuple[str, ...]:
    """A callback for paths. Raises LocalError where nothing matches."""
    return tuple(path for value in values for path in _matches(value)) if _LEFT_TO_US else tuple(values)


def _matches(value: str) -> Iterator[str]:
    """As that system means it: ``*.*`` is all, what is hidden is not meant, and a bracket is part of a name.

    Browsers save ``photo[1].jpg``, and Explorer hides its own ``desktop.ini`` and ``Thumbs.db``.
    """
    drive, rest = os.path.splitdrive(value)  # \\?\C: has a question mark
    if not re.search("[*?]", rest):
        yield value
        return
    import glob

    pattern = re.sub(r"(^|[\\/])\*\.\*(?=[\\/]|$)", r"\1*", rest).replace("[", "[[]")
    found = sorted(path for path in glob.glob(drive + pattern) if not _is_hidden(path))
    if not found:
        raise LocalError(
            f"nothing matches {printable(value)}", hint="check the spelling, and the folder that you are in"
        )
    yield from found


def _is_hidden(path: str) -> bool:
    with suppress(OSError):  # what cannot be looked at is told when it is taken in
        return bool(getattr(os.lstat(path), "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN)
    return False
