"""The outline of an account written as Markdown, or as a page that looks and prints well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from delivery.ledger.account import Block, Facts, Paragraph, Quote, Section, Table

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")

_STYLE = """
:root { color-scheme: light; }
body { font: 11pt/1.5 system-ui, "Segoe UI", "Noto Sans", sans-serif; color: #1b1f24; background: #fff;
       max-width: 62rem; margin: 2.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 1.2rem; padding-bottom: .6rem; border-bottom: 2px solid #1b1f24; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; break-after: avoid; }
h3 { font-size: .95rem; margin: 1.2rem 0 .4rem; color: #57606a; font-weight: 600; break-after: avoid; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; margin: .4rem 0 1rem; }
th, td { text-align: start; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid #d0d7de; }
th { font-weight: 600; border-bottom-color: #8c959f; white-space: nowrap; }
td { overflow-wrap: anywhere; }
td.number { text-align: end; padding-inline-end: 1.2rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
th.number { text-align: end; padding-inline-end: 1.2rem; }
td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
code { font: .8rem/1.4 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
dl { display: grid; grid-template-columns: 11rem 1fr; gap: .3rem 1rem; margin: 0; }
dt { color: #57606a; } dd { margin: 0; overflow-wrap: anywhere; }
blockquote { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 1rem; padding: .8rem 1rem;
             background: #f6f8fa; border-inline-start: 3px solid #8c959f; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@page { size: A4; margin: 16mm 15mm; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 9.5pt; }
               thead { display: table-header-group; } tr { break-inside: avoid; } blockquote { break-inside: avoid; } }
"""
_NUMBERS = frozenset({"Bytes"})
_TIMES = frozenset({"Time", "Works until"})


def markdown(title: str, sections: Iterable[Section]) -> Iterator[str]:
    """Piece by piece, for long lists of files."""
    yield f"# {_plain(title)}\n"
    for section in sections:
        yield f"\n## {_plain(section.title)}\n"
        for block in section.blocks:
            yield from _markdown_block(block)


def html(title: str, sections: Iterable[Section]) -> Iterator[str]:
    """One page without scripts and without anything from elsewhere."""
    yield (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n"
    )
    for section in sections:
        yield f"<section>\n<h2>{escape(section.title)}</h2>\n"
        for block in section.blocks:
            yield from _html_block(block)
        yield "</section>\n"
    yield "</html>\n"


def _markdown_block(block: Block) -> Iterator[str]:
    match block:
        case Facts(rows):
            yield "\n"
            for name, value in rows:
                yield f"- **{_plain(name)}:** {_plain(value)}\n"
        case Table(columns, rows, digests):
            yield f"\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n"
            for row in rows:
                cells = (f"`{cell}`" if place in digests and cell else _plain(cell) for place, cell in enumerate(row))
                yield f"| {' | '.join(cells)} |\n"
        case Quote(title, text):
            yield f"\n### {_plain(title)}\n\n"
            fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
            yield f"{fence}text\n{text}\n{fence}\n"
        case Paragraph(text):
            yield f"\n{_plain(text)}\n"


def _html_block(block: Block) -> Iterator[str]:
    match block:
        case Facts(rows):
            yield "<dl>\n"
            for name, value in rows:
                yield f'<dt>{escape(name)}</dt><dd dir="auto">{escape(value)}</dd>\n'
            yield "</dl>\n"
        case Table(columns, rows, digests):
            kinds = ["number" if name in _NUMBERS else "time" if name in _TIMES else "" for name in columns]
            heads = (_cell("th", kind, escape(name)) for name, kind in zip(columns, kinds, strict=True))
            yield f"<table>\n<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>\n"
            for row in rows:
                shown = (
                    f"<code>{escape(cell)}</code>" if place in digests else f"<bdi>{escape(cell)}</bdi>"
                    for place, cell in enumerate(row)
                )
                yield f"<tr>{''.join(_cell('td', kind, text) for kind, text in zip(kinds, shown, strict=True))}</tr>\n"
            yield "</tbody>\n</table>\n"
        case Quote(title, text):
            yield f'<h3>{escape(title)}</h3>\n<blockquote dir="auto">{escape(text)}</blockquote>\n'
        case Paragraph(text):
            yield f"<p>{escape(text)}</p>\n"


def _cell(tag: str, kind: str, inner: str) -> str:
    return f'<{tag} class="{kind}">{inner}</{tag}>' if kind else f"<{tag}>{inner}</{tag}>"


def _plain(text: str) -> str:
    """``text`` on one line, with nothing in it that Markdown would read as markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
