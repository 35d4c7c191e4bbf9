"""The data that a page carries for its script, and for those who read the page without running it."""

from __future__ import annotations

import json
import re

_DATA = re.compile(rb'<script type="application/json" id="data">([^<]*)</script>')


def json_block(value: object) -> str:
    """``value`` as JSON that no HTML parser mistakes for markup, whatever its strings hold."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        plain = plain.replace(char, f"\\u{ord(char):04x}")
    return plain


def data_of(page: bytes) -> object:
    """The data that a page of this tool carries; None for any other text. Nothing in it is run."""
    found = _DATA.search(page)
    try:
        return json.loads(found[1]) if found else None
    except (ValueError, RecursionError):
        return None
