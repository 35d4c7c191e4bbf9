"""Values that no version of this tool keeps, in a file that SQLite itself finds sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")

_WRONG = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, OSError)
"""What making something of such a value raises; times out of range raise OSError on some systems."""


class DamagedError(sqlite3.DatabaseError):
    """Told as SQLite tells of damage in the file."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def checked(read: Callable[_Given, _Read]) -> Callable[_Given, _Read]:
    """``read``, which makes something of rows alone: where it fails it is the row that is damaged."""

    @wraps(read)
    def call(*args: _Given.args, **kwargs: _Given.kwargs) -> _Read:
        try:
            return read(*args, **kwargs)
        except _WRONG as error:
            raise DamagedError(f"a value that is none: {error}") from error

    return call
