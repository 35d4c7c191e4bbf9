"""Ways to reach somebody outside the platform: addresses, account names and phone numbers, also when spelt out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from delivery.message import disguise
from delivery.message.finding import LintFinding
from delivery.model import Severity

_ADDRESS = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9][a-z0-9._%+-]*\s?@\s?[a-z0-9-]+(?:\s?\.\s?[a-z0-9-]+)*\.?[a-z]{2,}")
_SPELT_ADDRESS = re.compile(
    r"(?<![\w.+-])[a-z0-9][\w.+-]*\s*(?:[\[({<]\s*)?\bat\b\s*(?:[\])}>]\s*)?"
    r"[a-z0-9-]+\s*(?:[\[({<]\s*)?\b(?:dot|d0t|point)\b\s*(?:[\])}>]\s*)?"
    r"(?:com|net|org|io|co|me|info|de|fr|es|in|id|uk|pk)\b"
)
_HANDLE = re.compile(r"(?<![\w@.])@[a-z0-9_.]{3,}")
_DIGITS = re.compile(r"[+(]?\d(?:[ \t().\-/]{0,3}\d){6,}")
_SIZE = re.compile(r"\(\d[\d.,\s]*[^\W\d_][^()\d]*\)")
"""As in ``film.mov.001 (123.4 MB)``: digits in brackets that go on with a unit."""
_CALLED_ISBN = re.compile(r"\bisbn(?:-?1[03])?\s?:?\s{0,3}$")
_NUMBER_WORDS = re.compile(
    r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)[\s,.\-]+){6,}"
    r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b"
)
_DATE = re.compile(
    r"(?:19|20)\d\d([-. /]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:[-. ]?\d{1,6})?"
    r"|(?:0?[1-9]|[12]\d|3[01])([-. /])(?:0?[1-9]|1[0-2])\2(?:19|20)\d\d"
)


def contacts_in(view: str, text: str) -> Iterator[LintFinding]:
    """``view`` is searched, ``text`` is quoted."""
    plain = disguise.plain(view)

    def finding(code: str, start: int, end: int, what: str, suggestion: str) -> LintFinding:
        first, last = plain.span(start, end)
        shown = text[first:last]
        return LintFinding(code, Severity.ERROR, first, last, shown, f"{shown!r} {what}", suggestion)

    for pattern in (_ADDRESS, _SPELT_ADDRESS):
        for match in pattern.finditer(plain.text):
            yield finding(
                "contact",
                *match.span(),
                "looks like an address to write to",
                "leave it out; write “just message me here”",
            )
    for match in _HANDLE.finditer(plain.text):
        yield finding("contact", *match.span(), "looks like an account name elsewhere", "leave it out")
    for match in _DIGITS.finditer(_SIZE.sub(lambda size: "\n" * len(size[0]), plain.text)):
        if _dialled(match[0]) and not _is_isbn(plain.text, *match.span()):
            yield finding(
                "phone-digits",
                *match.span(),
                "looks like a phone number",
                "leave it out; if it is none, say it in fewer digits",
            )
    for match in _NUMBER_WORDS.finditer(plain.text):
        yield finding("phone-digits", *match.span(), "looks like a phone number in words", "leave it out")


def _is_isbn(text: str, start: int, end: int) -> bool:
    """A book's number, by its check digit: of 13 digits by itself, of 10 where it is called so."""
    tail = re.match(r"-?x\b", text[end:])  # ten, which is no digit
    digits = re.sub(r"[\s-]", "", text[start:end] + (tail[0] if tail else ""))
    if re.fullmatch(r"97[89]\d{10}", digits):
        return sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits)) % 10 == 0
    if re.fullmatch(r"\d{9}[\dx]", digits) and _CALLED_ISBN.search(text[max(0, start - 12) : start]):
        values = [10 if digit == "x" else int(digit) for digit in digits]
        return sum(value * (10 - place) for place, value in enumerate(values)) % 11 == 0
    return False


def _dialled(run: str) -> bool:
    """Whether digits with spaces and dashes between them read as a phone number, not as a date or a row of values."""
    digits = sum(char.isdigit() for char in run)
    groups = re.findall(r"\d+", run)
    if _DATE.fullmatch(run.strip()):
        return False
    if len(groups) == 1:
        return digits >= 8
    known_form = run[0] in "+0(" or re.search(r"\d{3}[\s.-]\d{4}$", run) or all(len(group) == 1 for group in groups)
    return digits >= (7 if known_form else 10)
