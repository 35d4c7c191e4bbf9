"""The template syntax: values and sections in plain text, and nothing else.

``{name}`` is a value or a sentence of the language. ``{#name}...{/name}`` stays when the value is there (not empty, not
zero, not false) and ``{^name}...{/name}`` when it is not. ``{{`` and ``}}`` are braces. There are no attributes, calls,
loops, includes or format specifications, and what is put in is never read as a template again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from delivery.errors import ConfigError

LONGEST_TEMPLATE = 20_000
"""Characters; a longer template is refused."""
_DEEPEST = 8

_TOKEN = re.compile(r"\{\{|\}\}|\{([#^/]?)([a-z][a-z0-9_]*)\}|[{}]")
_STANDALONE = re.compile(r"^[ \t]*((?:\{[#^/][a-z][a-z0-9_]*\})+)[ \t]*\n", re.MULTILINE)
_WIDE = tuple("。，！？；：）")
"""Signs of Chinese, behind which no space stands; between two sentences of a layout there is one."""

Resolve = Callable[[str], str | int | bool | None]
"""What a name stands for. A whole number is for sections and plurals; in text it should already be written out."""


class _Text(NamedTuple):
    text: str


class _Value(NamedTuple):
    name: str


class _Section(NamedTuple):
    name: str
    wanted: bool
    body: tuple[_Node, ...]


_Node = _Text | _Value | _Section


class Template(NamedTuple):
    """A parsed template; ``where`` names it in errors."""

    where: str
    body: tuple[_Node, ...]

    @classmethod
    def parse(cls, text: str, where: str) -> Template:
        """Raises ConfigError that names the line of the first mistake."""
        if len(text) > LONGEST_TEMPLATE:
            raise _wrong(where, f"is longer than {LONGEST_TEMPLATE:,} characters")
        text = _STANDALONE.sub(r"\1", text)
        open_sections: list[tuple[str, bool, int]] = []
        bodies: list[list[_Node]] = [[]]
        position = 0
        for match in _TOKEN.finditer(text):
            bodies[-1].append(_Text(text[position : match.start()]))
            position = match.end()
            line = text.count("\n", 0, match.start()) + 1
            sign, name = match[1], match[2]
            if match[0] in {"{{", "}}"}:
                bodies[-1].append(_Text(match[0][0]))
            elif name is None:
                raise _wrong(where, f"line {line}: a lone {match[0]!r}; write {match[0] * 2} for the character itself")
            elif sign in {"#", "^"}:
                if len(open_sections) == _DEEPEST:
                    raise _wrong(where, f"line {line}: sections are nested deeper than {_DEEPEST}")
                open_sections.append((name, sign == "#", line))
                bodies.append([])
            elif sign == "/":
                if not open_sections or open_sections[-1][0] != name:
                    raise _wrong(where, f"line {line}: {{/{name}}} closes nothing that is open")
                _, wanted, _ = open_sections.pop()
                body = tuple(bodies.pop())
                bodies[-1].append(_Section(name, wanted, body))
            else:
                bodies[-1].append(_Value(name))
        if open_sections:
            name, _, line = open_sections[-1]
            raise _wrong(where, f"line {line}: the section {name!r} is never closed with {{/{name}}}")
        bodies[-1].append(_Text(text[position:]))
        return cls(where, tuple(bodies[0]))

    def names(self) -> frozenset[str]:
        """Every name that the template asks for."""
        return frozenset(_names(self.body))

    def render(self, resolve: Resolve) -> str:
        pieces: list[str] = []
        for piece in _render(self.body, resolve):
            spaced = piece.startswith(" ") and bool(pieces) and pieces[-1].endswith(_WIDE)
            pieces += [piece[1:] if spaced else piece] if piece else []
        return "".join(pieces)


def tidy(text: str) -> str:
    """``text`` without spaces at line ends and without runs of empty lines."""
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines)


def _names(body: tuple[_Node, ...]) -> Iterator[str]:
    for node in body:
        match node:
            case _Value(name):
                yield name
            case _Section(name, _, inner):
                yield name
                yield from _names(inner)
            case _Text():
                pass


def _render(body: tuple[_Node, ...], resolve: Resolve) -> Iterator[str]:
    for node in body:
        match node:
            case _Text(text):
                yield text
            case _Value(name):
                yield str(resolve(name) or "")
            case _Section(name, wanted, inner):
                if bool(resolve(name)) is wanted:
                    yield from _render(inner, resolve)


def _wrong(where: str, what: str) -> ConfigError:
    return ConfigError(f"the template {where} {what}", hint="docs/messages.md shows the syntax", code="template")
