"""The fenced code blocks of the documentation, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n) {4,}\S.*")
_MARKER = re.compile(r"<!-- not run: (.+?) -->\s*$")
_BY_CI = re.compile(r"<!-- command: \w+ -->\s*$")


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str
    not_run: str
    """The reason that stands before a block that cannot be run; or empty."""
    by_ci: bool
    """It is one of the README's commands that `.ci/run` runs as they stand."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    found = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        marker = _MARKER.search(before)
        found.append(
            Block(
                page.name, before.count("\n") + 1, match[1], match[2], marker[1] if marker else "",
                _BY_CI.search(before) is not None,
            )
        )  # fmt: skip
    return found


def indented(page: Path) -> list[str]:
    """The first lines of code blocks that have no fence, and therefore no language to run them by."""
    return _INDENTED.findall(_FENCE.sub("", page.read_text("utf-8")))


def commands(text: str) -> Iterator[list[str]]:
    """The arguments of each `delivery` that a shell script calls."""
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        call: list[str] | None = None
        for word in lexer:
            if set(word) <= set("|&;()<>"):
                if call is not None:
                    yield call
                call = None if word.strip("<>") else ["\0skip"]
            elif call is None:
                call = [word]
            else:
                call.append(word)
        if call is not None:
            yield call


def delivery_calls(text: str) -> list[list[str]]:
    return [call[1:] for call in commands(text) if call and call[0].rpartition("/")[2] == "delivery"]
