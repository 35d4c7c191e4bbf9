"""The text of the configuration and of the command line, read as values; and values written as such text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from delivery.model import Via
from delivery.units import format_duration, parse_size

Parse = Callable[[str], Any]


def parse_bool(text: str) -> bool:
    answers = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
    try:
        return answers[text.strip().lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither yes nor no") from None


def parse_list(text: str) -> tuple[str, ...]:
    """Items separated by commas or new lines; empty ones are dropped."""
    return tuple(item for line in text.splitlines() for item in (part.strip() for part in line.split(",")) if item)


def parse_positive(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise ValueError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def parse_rate(text: str) -> int:
    """Bytes per second, at least one."""
    rate = parse_size(text)
    if rate < 1:
        raise ValueError(f"{text!r} would send nothing; leave it out for no limit")
    return rate


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


def show(value: Any) -> str:
    """A default as it would stand in the file."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return format_duration(value).replace(" days", "d").replace(" day", "d").replace(" hours", "h")
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
