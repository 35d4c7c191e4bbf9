"""Values that no version of this tool keeps, in a file that SQLite itself finds sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")

_WRONG = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, OSError)
"""What making something of such a value raises; times out of range raise OSError on some systems."""


class DamagedError(sqlite3.DatabaseError):
    """Told as SQLite tells of damage in the file."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class Row(sqlite3.Row):
    """One in which only digests are bytes: a single flipped bit makes such of a text, and SQLite takes it for sound."""

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        if type(value) is bytes and isinstance(key, str) and key != "sha256":
            raise DamagedError(f"{key} is no text")
        return value


def checked(read: Callable[_Given, _Read]) -> Callable[_Given, _Read]:
    """``read``, which makes something of rows alone: where it fails it is the row that is damaged."""

    @wraps(read)
    def call(*args: _Given.args, **kwargs: _Given.kwargs) -> _Read:
        try:
            return read(*args, **kwargs)
        except _WRONG as error:
            raise DamagedError(f"a value that is none: {error}") from error

    return call
