"""One sanitiser for every untrusted name and text that is printed, in progress and errors too."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad")


def decodable(name: str) -> str:
    """``name`` as text that can be written: bytes of a file name that are no UTF-8 become ``\\udcff`` escapes."""
    return name.encode("utf-8", "backslashreplace").decode() if not name.isascii() else name


def printable(text: str) -> str:
    """``text`` on one line with control, bidi-control, invisible and undecodable characters shown as ``\\x1b`` escapes.

    Letters of every script, spaces, emoji and their joiners stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def listed(names: Sequence[str], *, most: int = 3) -> str:
    """The first few names, printable, and how many more there are."""
    shown = ", ".join(map(printable, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def _shown(char: str) -> str:
    if char in BIDI or char in INVISIBLE or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}:
        code = ord(char)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return char
