"""The files that a service, or the user, names: written whole, readable by the user alone, or added to."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from delivery.errors import LocalError


def foresee(path: str) -> None:
    """Raise LocalError where ``path`` cannot be written; it is there afterwards. A pipe is left to who will write."""
    try:
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise _failed(path, error) from error


def append(path: str, text: str) -> None:
    """Add ``text`` to a file that the service has made. Raises LocalError."""
    try:
        with open(path, "a", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise _failed(path, error) from error


def write(path: str, pieces: Iterable[str]) -> None:
    """Make or replace the file at ``path``. Links may stand in it, so it is private. Raises LocalError."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            _make_private(descriptor)
            stream.writelines(pieces)
    except OSError as error:
        raise _failed(path, error) from error


def _make_private(descriptor: int) -> None:
    """A file that was there already has kept its mode. In place, since the path may be a link, or stdout."""
    if os.name == "posix" and stat.S_ISREG(os.fstat(descriptor).st_mode):
        with suppress(OSError):  # a file system without modes
            os.fchmod(descriptor, 0o600)


def json_pieces(rows: Iterable[Any]) -> Iterable[str]:
    """A JSON array, row by row."""
    lead = "["
    for row in rows:
        yield f"{lead}{json.dumps(row)}"
        lead = ",\n "
    yield "[]\n" if lead == "[" else "]\n"


def _failed(path: str, error: OSError) -> LocalError:
    return LocalError(
        f"{path} cannot be written: {error.strerror or error}",
        hint="name another file, or check the permissions of its folder",
        code="report-file",
    )
