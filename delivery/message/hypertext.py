"""Messages as simple HTML, for platforms that render it: paragraphs, lists and links, and nothing that acts or styles.

A message is composed and cut as plain text and only then written as HTML, so that nothing in it, be it the name of a
file or a template of one's own, is ever read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape, unescape
from itertools import groupby

from delivery.message.cut import URL
from delivery.message.disguise import View

DIVIDER = "---"
"""The paragraph between a message and its English twin."""

_ITEM = re.compile(r"(?:-|(\d{1,3})\.) (?=\S)")
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<(/?)([a-z][a-z0-9]*)\b([^<>]*)>|&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);", re.I | re.S
)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_BLOCKS = frozenset(
    {"p", "br", "hr", "div", "ul", "ol", "li", "table", "tr", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
)


def render(text: str, directions: Sequence[str] = ()) -> str:
    """``text`` as HTML, a line per block. A line that is a link and nothing else becomes a link.

    ``directions``, which every block is to say, are those of the languages in it, the next one behind each divider.
    """
    place = 0
    blocks: list[str] = []
    for paragraph in text.strip("\n").split("\n\n"):
        if paragraph.strip() == DIVIDER:
            blocks.append("<hr>\n")
            place = min(place + 1, max(len(directions) - 1, 0))
        else:
            blocks += _blocks(paragraph.split("\n"), f' dir="{directions[place]}"' if directions else "")
    return "".join(blocks)


def render_each(pieces: Iterable[str], directions: Sequence[str]) -> Iterator[str]:
    """:func:`render` for the pieces of one text, each going on in the language in which the one before it ended."""
    for piece in pieces:
        yield render(piece, directions).rstrip("\n")
        passed = sum(paragraph.strip() == DIVIDER for paragraph in piece.split("\n\n"))
        directions = directions[min(passed, max(len(directions) - 1, 0)) :]


def seen(text: str) -> View:
    """What a reader sees of the HTML ``text``, on lines of its own for each block, and where in ``text`` it stands.

    Where a link leads elsewhere than it says, its address is there too, as the platform sees it.
    """
    letters: list[str] = []
    places: list[int] = []
    link: tuple[int, int, str] | None = None

    def put(shown: str, at: int, step: int) -> None:
        letters.extend(shown)
        places.extend(at + step * n for n in range(len(shown)))

    position = 0
    for match in _MARKUP.finditer(text):
        put(text[position : match.start()], position, 1)
        position = match.end()
        name = (match[2] or "").lower()
        if match[0].startswith("&"):
            put(unescape(match[0]), match.start(), 0)
        elif name in _BLOCKS:
            put("\n", match.start(), 0)
        elif name == "a" and link is not None:
            start, at, address = link
            link = None
            if "".join(letters[start:]).strip() != address:
                put(f"\n{address}\n", at, 0)
        if name == "a" and not match[1] and (href := _HREF.search(match[3])):
            link = len(letters), match.start(), unescape(href[1] or href[2] or href[3] or "").strip()
    put(text[position:], position, 1)
    return View("".join(letters), tuple(places))


def _blocks(lines: Sequence[str], direction: str) -> Iterator[str]:
    kinds = [_kind(line, below) for line, below in zip(lines, [*lines[1:], ""], strict=True)]
    for kind, group in groupby(zip(kinds, lines, strict=True), key=lambda pair: pair[0]):
        here = [line for _, line in group]
        if kind == "p":
            yield f"<p{direction}>{'<br>'.join(map(_line, here))}</p>\n"
            continue
        number = _ITEM.match(here[0])
        start = f' start="{number[1]}"' if number and number[1] and number[1] != "1" else ""
        items = "".join(f"<li>{escape(_ITEM.sub('', line, count=1))}</li>" for line in here)
        yield f"<{kind}{start}{direction}>{items}</{kind}>\n"


def _kind(line: str, below: str) -> str:
    """The element of a line. What stands right above a link names it, whatever sign its name begins with."""
    item = None if URL.fullmatch(below) else _ITEM.match(line)
    return "p" if item is None else "ol" if item[1] else "ul"


def _line(line: str) -> str:
    shown = escape(line)
    return f'<a href="{shown}">{shown}</a>' if URL.fullmatch(line) else shown
