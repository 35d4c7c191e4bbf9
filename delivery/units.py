"""Sizes and durations, parsed and printed. KB, MB and GB are powers of ten; KiB, MiB and GiB are powers of two."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_SIZE = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", start=1):
    _SIZE |= {_letter: 1000**_power, f"{_letter}b": 1000**_power, f"{_letter}ib": 1024**_power}

_DURATION = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(days=36500)
_OUT_OF_RANGE = "is out of range; a duration is at least 1s and at most 100 years"
_NUMBER_UNIT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def parse_size(text: str) -> int:
    """Bytes for ``"25 MB"``, ``"10MiB"`` or ``"1048576"``. Raises ValueError with what is accepted."""
    match = _NUMBER_UNIT.fullmatch(text)
    if match is None or match[2].lower() not in _SIZE:
        raise ValueError(f"{text!r} is not a size; write a number and a unit: 500MB, 10MiB, 2GB")
    size = float(match[1]) * _SIZE[match[2].lower()]
    if size >= 2**63:
        raise ValueError(f"{text!r} is more than any disk holds")
    return round(size)


def parse_duration(text: str, *, shortest: timedelta = SHORTEST) -> timedelta:
    """A duration for ``"7d"``, ``"1d12h"`` or ``"20s"``. Raises ValueError with what is accepted."""
    compact = text.replace(" ", "").lower()
    pieces = re.findall(r"(\d+(?:\.\d+)?)([a-z]+)", compact)
    if not pieces or "".join(a + b for a, b in pieces) != compact or any(unit not in _DURATION for _, unit in pieces):
        raise ValueError(f"{text!r} is not a duration; write a number and s, m, h, d or w: 20s, 36h, 7d, 1d12h")
    seconds = sum(float(number) * _DURATION[unit] for number, unit in pieces)
    if not shortest.total_seconds() <= seconds <= LONGEST.total_seconds():
        raise ValueError(f"{text!r} {_OUT_OF_RANGE}")
    return timedelta(seconds=round(seconds))


def check_duration(value: object) -> None:
    """Raise ValueError for what :func:`parse_duration` never answers."""
    if not isinstance(value, timedelta):
        raise ValueError(f"{value!r} is not a duration; give a timedelta, or text with a unit: 20s, 36h, 7d, 1d12h")
    if not SHORTEST <= value <= LONGEST:
        raise ValueError(f"{value} {_OUT_OF_RANGE}")


def utf16(text: str) -> int:
    """The length in UTF-16 code units, so that an emoji is two, as Windows and most chats count it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def format_size(size: int) -> str:
    """``5 GB``, ``10 MiB`` or ``3.4 MB``: exact where it is a short binary or decimal number, else one decimal."""
    for power, letter in ((4, "T"), (3, "G"), (2, "M"), (1, "K")):
        for base, suffix in ((1000, "B"), (1024, "iB")):
            count, rest = divmod(size, base**power)
            if not rest and 1 <= count < 1000:
                return f"{count} {letter}{suffix}"
    value = float(size)
    for unit in ("bytes", "KB", "MB", "GB"):
        if round(value, 1) < 1000:
            return counted(size, "byte") if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def counted(number: int, noun: str) -> str:
    """``1 file`` or ``1,200 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_duration(duration: timedelta) -> str:
    """``7 days``, ``1 day 12 hours`` or ``20 seconds``: the two largest units."""
    seconds = int(duration.total_seconds())
    words = []
    for name, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            words.append(counted(count, name))
    return " ".join(words[:2]) or "0 seconds"


def write_duration(duration: timedelta) -> str:
    """The shortest text that :func:`parse_duration` reads as ``duration``: ``7d``, ``1d12h`` or ``20s``."""
    seconds, text = int(duration.total_seconds()), ""
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _DURATION[unit])
        text += f"{count}{unit}" if count else ""
    return text


def format_utc(moment: datetime) -> str:
    """RFC 3339 in UTC to the second: ``2026-11-22T10:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
