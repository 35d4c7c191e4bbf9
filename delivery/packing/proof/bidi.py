"""Text from right to left made ready for a drawing library that knows neither joined letters nor two directions.

Pillow brings that knowledge on Linux only (it loads FriBiDi where the system has it). Letters are replaced by their
joined forms, which Unicode lists as characters of their own, and then put into the order in which they are seen. Of
the bidirectional algorithm it knows what names and labels need: words, numbers, signs between them and brackets.
"""

from __future__ import annotations

import unicodedata
from functools import cache

_FORMS = (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD))
_TATWEEL = "\u0640"
_ALONE, _FINAL, _INITIAL, _MEDIAL = "isolated", "final", "initial", "medial"
_MIRRORED = dict(zip("()[]{}<>«»‹›", ")(][}{><»«›‹", strict=True))


@cache
def _joined_forms() -> dict[str, dict[str, str]]:
    """Letter or pair of letters -> kind of form -> the character of that form."""
    forms: dict[str, dict[str, str]] = {}
    for code in _FORMS:
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if kind.strip("<>") in {_ALONE, _FINAL, _INITIAL, _MEDIAL} and 0 < len(letters) <= 2:
            letter = "".join(chr(int(number, 16)) for number in letters)
            if len(letter) == 1 or (letter[0] == "\u0644" and letter[1] in "\u0622\u0623\u0625\u0627"):
                forms.setdefault(letter, {}).setdefault(kind.strip("<>"), chr(code))
    return forms


def _joins_next(char: str) -> bool:
    return char == _TATWEEL or _INITIAL in _joined_forms().get(char, {})


def _joins_previous(char: str) -> bool:
    return char == _TATWEEL or _FINAL in _joined_forms().get(char, {})


def _clusters(text: str) -> list[str]:
    """Letters with the marks upon them; lam and alef, which are written as one, together."""
    clusters: list[str] = []
    for char in text:
        if clusters and (unicodedata.category(char) == "Mn" or clusters[-1] + char in _joined_forms()):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _letters(cluster: str) -> str:
    return cluster if cluster in _joined_forms() else cluster[:1]


def _shape(clusters: list[str]) -> list[str]:
    shaped = []
    for index, cluster in enumerate(clusters):
        letters = _letters(cluster)
        forms = _joined_forms().get(letters)
        if forms is None:
            shaped.append(cluster)
            continue
        before = clusters[index - 1] if index else ""
        after = clusters[index + 1] if index + 1 < len(clusters) else ""
        joined_before = bool(before) and _joins_next(_letters(before)[-1]) and _joins_previous(letters[0])
        joined_after = bool(after) and _joins_next(letters[-1]) and _joins_previous(_letters(after)[0])
        kind = (_MEDIAL if joined_after else _FINAL) if joined_before else (_INITIAL if joined_after else _ALONE)
        shaped.append(forms.get(kind, letters) + cluster[len(letters) :])
    return shaped


def _levels(clusters: list[str], base: int) -> list[int]:
    """Odd for what runs from right to left."""
    ways: list[str | None] = []
    levels: list[int] = []
    strong = "R" if base else "L"
    for cluster in clusters:
        kind = unicodedata.bidirectional(cluster[0])
        if kind in {"R", "AL", "L"}:
            strong = "L" if kind == "L" else "R"
            ways.append(strong)
        elif kind in {"EN", "AN"}:
            ways.append(strong)
        else:
            ways.append(None)
        inner = kind in {"EN", "AN"} and strong == "R"
        levels.append(2 if inner else 1 if strong == "R" else 2 * base)
    edge = "R" if base else "L"
    for index, way in enumerate(ways):
        if way is None:
            before = next((found for found in reversed(ways[:index]) if found), edge)
            after = next((found for found in ways[index + 1 :] if found), edge)
            levels[index] = base if before != after else 1 if before == "R" else 2 * base
    return levels


def visual(text: str) -> str:
    """``text`` with joined forms, in the order in which it is seen from left to right."""
    base = int(rtl(text))
    clusters = _shape(_clusters(text))
    levels = _levels(clusters, base)
    clusters = [_MIRRORED.get(item, item) if level % 2 else item for item, level in zip(clusters, levels, strict=True)]
    order = list(range(len(clusters)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = max(end, start + 1)
    return "".join(clusters[index] for index in order)


def rtl(text: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in {"R", "AL"}:
            return True
        if direction == "L":
            return False
    return False
