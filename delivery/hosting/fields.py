"""What a journal or a record holds, read with care: it may be cut, damaged, or written by anybody.

All of these raise ValueError, and nothing else, for what is not as it must be.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any


def document(data: str | bytes) -> dict[str, Any]:
    """The object that the JSON of ``data`` is."""
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def text(row: dict[str, Any], name: str) -> str:
    """One that can be sent to a store."""
    found = row.get(name)
    if not isinstance(found, str):
        raise ValueError(f"{name} is no text")
    found.encode()
    return found


def count(row: dict[str, Any], name: str, least: int = 0) -> int:
    found = row.get(name)
    if type(found) is not int or found < least:
        raise ValueError(f"{name} is no number from {least}")
    return found


def moment(row: dict[str, Any], name: str) -> datetime:
    """A time with its zone, in UTC."""
    found = datetime.fromisoformat(text(row, name))
    if found.tzinfo is None:
        raise ValueError(f"{name} has no zone")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} is beyond the calendar") from None


def moment_or_none(row: dict[str, Any], name: str) -> datetime | None:
    return None if row.get(name) is None else moment(row, name)
