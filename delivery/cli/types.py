"""Click types and options that explain themselves when the value is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from delivery.units import parse_duration
from delivery.values import parse_day, parse_list, parse_rate

if TYPE_CHECKING:
    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType  # it takes a parameter in newer releases only


class Parsed(_Type):
    """A type over one of the parsers that the configuration uses too."""

    envvar_list_splitter = ","
    """A variable is divided as the configuration is, and not at the spaces of a name."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), parameter, context)


class Option(click.Option):
    """Its variable is read as the configuration is: without what stands around the value, and a blank one is none."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        return (super().resolve_envvar_value(ctx) or "").strip() or None

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Whoever typed no such option is to look for the variable."""
        return f"'{self.envvar}'" if ctx and by_variable(ctx, self.name) else super().get_error_hint(ctx)


def by_variable(context: click.Context, name: str | None) -> bool:
    return context.get_parameter_source(name or "") is ParameterSource.ENVIRONMENT


def _folder(text: str) -> str:
    """A variable that is not set leaves nothing, which would be the folder that one is in."""
    if not text:
        raise ValueError("the name of the folder is empty; write . for the folder that you are in")
    return text


def _file(text: str) -> str:
    if text == "-":
        raise ValueError("name a file: standard output has the message, or with --json the document")
    return text


def _utc_day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(), UTC)
    except ValueError:
        raise ValueError(f"{text!r} is not a day; write 2026-01-31") from None


DURATION = Parsed("duration", parse_duration)
AGE = Parsed("duration", partial(parse_duration, shortest=timedelta(0)))
FOLDER = Parsed("folder", _folder)
FILE = Parsed("file", _file)
RATE = Parsed("rate", parse_rate)
DAY = Parsed("day", parse_day)
UTC_DAY = Parsed("day", _utc_day)
LIST = Parsed("list", parse_list)
