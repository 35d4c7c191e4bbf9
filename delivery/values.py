"""The text of the configuration and of the command line, read as values; and values written as such text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from delivery.errors import UsageError
from delivery.model import Via
from delivery.units import check_duration, parse_size, write_duration

Parse = Callable[[str], Any]


_YES = frozenset({"yes", "y", "true", "t", "on", "1"})
_NO = frozenset({"no", "n", "false", "f", "off", "0"})
"""Also what the command line takes in a variable."""


def parse_bool(text: str) -> bool:
    answer = text.strip().lower()
    if answer in _YES or answer in _NO:
        return answer in _YES
    raise ValueError(f"{text!r} is neither yes nor no")


def parse_list(text: str) -> tuple[str, ...]:
    """Items separated by commas or new lines; empty ones are dropped."""
    return tuple(item for line in text.splitlines() for item in (part.strip() for part in line.split(",")) if item)


def parse_positive(text: str) -> int:
    if not text.strip().isdecimal() or len(text) > 18 or int(text) < 1:  # Python reads no more than 4300 digits
        raise ValueError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def parse_rate(text: str) -> int:
    """Bytes per second, at least one."""
    rate = parse_size(text)
    if rate < 1:
        raise ValueError(f"{text!r} would send nothing; leave it out for no limit")
    return rate


def parse_folder(text: str) -> str:
    """``~`` is read, as no shell does in a file."""
    if "\0" in text:
        raise ValueError(f"{text!r} is no path")
    return os.path.expanduser(text)


def path_of(given: str | os.PathLike[str]) -> Path:
    """What a caller gave as a path, ``~`` read as no shell does in ``--out=~/x``. Raises UsageError for no path."""
    try:
        path = Path(os.path.expanduser(given))
        if "\0" not in str(path):
            return path
    except (TypeError, ValueError):  # the latter for a user whom no system can have
        pass
    raise UsageError(f"{given!r} is no path", hint="give it as text or as a pathlib.Path", code="not-a-path")


def choice(*allowed: str) -> Parse:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{text!r} is not one of {', '.join(allowed)}")
        return text

    return parse


def parse_day(text: str) -> datetime:
    """A day or a moment in ISO form; without a zone it is meant in this machine's."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is not a day; write 2026-01-31 or 2026-01-31T18:00") from None


def parse_via(text: str) -> Via:
    try:
        return Via(text)
    except ValueError:
        raise ValueError(f"{text!r} is not one of {', '.join(Via)}") from None


_KINDS: dict[str, tuple[type, str]] = {
    "str": (str, "text"),
    "bool": (bool, "True or False"),
    "int": (int, "a whole number"),
    "tuple[str, ...]": (tuple, "a list of texts"),
    "datetime": (datetime, "a datetime, nor text such as 2026-01-31"),
    "Via": (Via, "a way"),
}


def as_option(value: Any, annotation: str, parse: Parse) -> Any:
    """``value`` as an option of this annotation holds it: text read by ``parse``, a path as text, a list as a tuple.

    Raises ValueError for what ``parse`` never answers.
    """
    kind = annotation.removesuffix(" | None")
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        return parse(value)
    if kind == "timedelta":
        check_duration(value)
        return value
    expected, words = _KINDS[kind]
    if expected is tuple and isinstance(value, Iterable):
        value = tuple(value)
    fits = isinstance(value, expected) and (expected is bool or not isinstance(value, bool))
    if not fits or (isinstance(value, tuple) and not all(isinstance(item, str) for item in value)):
        raise ValueError(f"{value!r} is not {words}")
    if isinstance(value, int | datetime):
        parse(value.isoformat() if isinstance(value, datetime) else str(value))
    return value


def show(value: Any) -> str:
    """A value as it would stand in the file."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return write_duration(value)
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
