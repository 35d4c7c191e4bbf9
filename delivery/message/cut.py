"""Cutting a text into messages that fit: at paragraphs, then lines, then sentences, never inside a link."""

from __future__ import annotations

import re
from collections.abc import Callable

from delivery.units import utf16

Measure = Callable[[str], int]
Label = Callable[[int, int], str]
"""The line that says which piece this is, for (n, m)."""

URL = re.compile(r"https?://\S+", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？۔؟।])\s*")
_SPACE = re.compile(r"\s+")


def cut(text: str, limit: int | None, label: Label, measure: Measure = utf16) -> tuple[str, ...]:
    """``text`` whole if it fits ``limit``, else in pieces that each end with ``label(n, m)`` and fit.

    A link that is longer than the limit by itself stays whole, alone in its piece, without a label.
    """
    if limit is None or measure(text) <= limit:
        return (text,)
    total = 2
    while True:
        room = limit - max(measure("\n\n" + label(n, total)) for n in (1, total))
        if room < limit // 2:  # so small a limit has no room for labels
            return tuple(_pack(text, limit, measure))
        pieces = _pack(text, room, measure)
        if len(pieces) <= total:
            break
        total = max(len(pieces), total * 2)
    total = len(pieces)
    if any(measure("\n\n" + label(n, total)) > limit - room for n in range(1, total + 1)):
        return tuple(_pack(text, limit, measure))
    return tuple(
        piece if measure(piece) > room else f"{piece}\n\n{label(n, total)}" for n, piece in enumerate(pieces, start=1)
    )


def _pack(text: str, room: int, measure: Measure) -> list[str]:
    pieces: list[str] = []
    current = ""
    for separator, atom in _atoms(text, room, measure):
        joined = current + separator + atom if current else atom
        if current and measure(joined) > room:
            pieces.append(current)
            current = atom
        else:
            current = joined
    return [*pieces, current] if current else pieces


def _atoms(text: str, room: int, measure: Measure) -> list[tuple[str, str]]:
    """(what stands before it, a run of text that fits): as large as fits, so that cuts fall where they hurt least."""
    atoms: list[tuple[str, str]] = []
    for paragraph in text.split("\n\n"):
        if measure(paragraph) <= room:
            atoms.append(("\n\n", paragraph))
            continue
        separator = "\n\n"
        for line in _lines(paragraph, room, measure):
            pieces = [line] if measure(line) <= room else _split_line(line, room, measure)
            for number, piece in enumerate(pieces):
                atoms.append((separator if number == 0 else " ", piece))
            separator = "\n"
    return atoms


def _lines(paragraph: str, room: int, measure: Measure) -> list[str]:
    """The lines, a link kept with the line above it that names it where both fit."""
    lines: list[str] = []
    for line in paragraph.split("\n"):
        both = f"{lines[-1]}\n{line}" if lines else line
        named = URL.match(line) and lines and not URL.search(lines[-1]) and measure(both) <= room
        if named:
            lines[-1] = both
        else:
            lines.append(line)
    return lines


def _split_line(line: str, room: int, measure: Measure) -> list[str]:
    for border in (_SENTENCE_END, _SPACE):
        parts = [part for part in border.split(line) if part]
        if len(parts) > 1:
            return [piece for part in _refill(parts, room, measure) for piece in _fit(part, room, measure)]
    return _fit(line, room, measure)


def _fit(part: str, room: int, measure: Measure) -> list[str]:
    if measure(part) <= room or URL.fullmatch(part):
        return [part]
    if URL.search(part) or _SPACE.search(part):
        words = [word for word in _SPACE.split(part) if word]
        if len(words) > 1:
            return [piece for word in _refill(words, room, measure) for piece in _fit(word, room, measure)]
    if match := URL.search(part):
        before, url, after = part[: match.start()], match[0], part[match.end() :]
        return [piece for bit in (before, url, after) if bit for piece in _fit(bit, room, measure)]
    pieces, current = [], ""
    for char in part:
        if current and measure(current + char) > room:
            pieces.append(current)
            current = char
        else:
            current += char
    return [*pieces, current]


def _refill(parts: list[str], room: int, measure: Measure) -> list[str]:
    """Neighbouring parts joined again as long as they fit together."""
    filled: list[str] = []
    for part in parts:
        if filled and measure(f"{filled[-1]} {part}") <= room:
            filled[-1] = f"{filled[-1]} {part}"
        else:
            filled.append(part)
    return filled
