"""The words of ``words.toml``, made ready to ask."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def data() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("delivery.checks").joinpath("words.toml").read_text(encoding="utf-8"))


@cache
def word_set(section: str, key: str) -> frozenset[str]:
    return frozenset(data()[section][key])


@cache
def secret_names(key: str) -> re.Pattern[str]:
    """Matches a whole lower-case name against the wildcards of a list."""
    return re.compile("|".join(fnmatch.translate(name) for name in data()["secrets"][key]))


@cache
def draft_phrases() -> re.Pattern[str]:
    """Finds any of the phrases in lower-case text."""
    return re.compile("|".join(map(re.escape, data()["drafts"]["phrases"])))
