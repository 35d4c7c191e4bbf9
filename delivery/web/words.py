"""The words of what buyers see, one TOML file for each language, with the same keys in all of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

FALLBACK = "en"
RTL = frozenset({"ar", "ur"})


@cache
def languages() -> tuple[str, ...]:
    """Every language that there are words in, English first."""
    names = (item.name for item in resources.files(__package__).joinpath("languages").iterdir())
    found = sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))
    return (FALLBACK, *(name for name in found if name != FALLBACK))


def known(language: str) -> str:
    """The language whose words serve ``language`` best: ``pt-BR`` is served by ``pt``, what is unknown by ``en``."""
    base = language.replace("_", "-").partition("-")[0].lower()
    return base if base in languages() else FALLBACK


@cache
def words(language: str, section: str) -> Mapping[str, str]:
    """The words of one section in a known language; what a language lacks comes in English."""
    text = resources.files(__package__).joinpath("languages", f"{language}.toml").read_text("utf-8")
    own: dict[str, str] = tomllib.loads(text)[section]
    return MappingProxyType(own if language == FALLBACK else {**words(FALLBACK, section), **own})
