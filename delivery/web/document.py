"""One self-contained HTML document: nothing comes from elsewhere, and only its own script and style run."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from delivery.web.data import json_block
from delivery.web.words import RTL, languages, words


@cache
def asset(name: str) -> str:
    """The text of an asset; a WebAssembly module as a JavaScript constant of its base64, ``SHA256_WASM``."""
    file = resources.files(__package__).joinpath("assets", *name.split("/"))
    if name.endswith(".wasm"):
        constant = name.rpartition("/")[2].replace(".", "_").upper()
        return f'const {constant} = "{base64.b64encode(file.read_bytes()).decode()}";'
    return file.read_text("utf-8")


def text(value: str) -> str:
    """``value`` for the text or a quoted attribute of an element."""
    return html.escape(value, quote=True)


def all_words(section: str) -> dict[str, dict[str, str]]:
    """Every language's words, for the script that follows the browser's language."""
    return {language: dict(words(language, section)) for language in languages()}


def document(
    *,
    title: str,
    language: str,
    body: str,
    styles: Sequence[str],
    scripts: Sequence[str],
    data: object,
    sources: Mapping[str, str] | None = None,
) -> bytes:
    """UTF-8 HTML. ``body`` is markup; ``styles`` and ``scripts`` name assets; ``sources`` adds CSP directives."""
    style = "\n".join(asset(name) for name in styles)
    script = "\n".join(asset(name) for name in scripts)
    policy = {
        "default-src": "'none'",
        "script-src": f"{_hash(script)} 'wasm-unsafe-eval'",
        "style-src": _hash(style),
        "worker-src": "blob:",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        **(sources or {}),
    }
    csp = "; ".join(f"{directive} {value}" for directive, value in policy.items())
    direction = "rtl" if language in RTL else "ltr"
    page = f"""<!doctype html>
<html lang="{text(language)}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{text(csp)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex, nofollow, noarchive">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title>{text(title)}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
{body}
<script type="application/json" id="data">{json_block(data)}</script>
<script>{script}</script>
</body>
</html>
"""
    return page.encode("utf-8", "backslashreplace")


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
