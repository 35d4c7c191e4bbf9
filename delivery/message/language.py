"""A language as data: its sentences, plural rule, numbers, sizes and dates. One TOML file each."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, NamedTuple
from unicodedata import bidirectional

from delivery.errors import ConfigError, UsageError
from delivery.message.template import Resolve, Template
from delivery.nearest import nearest

Value = str | int | bool | None

_PLURALS: Mapping[str, Callable[[int], str]] = {
    "never": lambda n: "other",
    "one": lambda n: "one" if n == 1 else "other",
    "one-with-zero": lambda n: "one" if n in (0, 1) else "other",
    "arabic": lambda n: _arabic(n),
}


def _arabic(n: int) -> str:
    if n in (0, 1, 2):
        return ("zero", "one", "two")[n]
    tail = n % 100
    return "few" if 3 <= tail <= 10 else "many" if tail >= 11 else "other"


_CATEGORIES = ("zero", "one", "two", "few", "many", "other")
_DEEPEST = 6
"""Sentences inside each other."""
_MOST_SENTENCES = 2_000
"""Sentences in one message."""


class Sentence(NamedTuple):
    """One sentence, or one per plural category of the number that ``by`` names."""

    forms: Mapping[str, Template]
    by: str | None = None

    def names(self) -> frozenset[str]:
        asked = frozenset[str]().union(*(form.names() for form in self.forms.values()))
        return asked | {self.by} if self.by else asked


@dataclass(frozen=True, slots=True)
class Language:
    """How one language says it. ``code`` is an IETF tag such as ``pt``."""

    code: str
    title: str
    direction: Literal["ltr", "rtl"]
    plural_rule: str
    decimal: str
    group: str
    grouping: int
    """Digits between two separators beyond the first three: two in India."""
    units: Mapping[str, str]
    months: tuple[str, ...]
    date: str
    time: str
    moment: str
    list_join: str
    sentences: Mapping[str, Sentence]

    def plural(self, number: int) -> str:
        """The CLDR plural category of a whole number."""
        return _PLURALS[self.plural_rule](number)

    def number(self, number: int) -> str:
        digits = str(number)
        head, tail = digits[:-3], digits[-3:]
        groups = [head[max(0, end - self.grouping) : end] for end in range(len(head), 0, -self.grouping)]
        return self.group.join([*reversed(groups), tail])

    def size(self, size: int) -> str:
        """``3.4 MB`` in the words of the language: powers of ten, one decimal, and never 0 for something."""
        value = float(size)
        for unit in ("KB", "MB", "GB", "TB"):
            value /= 1000
            if round(value, 1) < 1000 or unit == "TB":
                break
        if size and value < 0.1:
            value = 0.1
        whole, _, tenth = f"{value:.1f}".partition(".")
        shown = self.number(int(whole)) + (f"{self.decimal}{tenth}" if tenth != "0" else "")
        return self.units[unit].replace("{n}", shown)

    def day(self, moment: datetime) -> str:
        """The date alone, the month in letters."""
        return (
            self.date.replace("{day}", str(moment.day))
            .replace("{month}", self.months[moment.month - 1])
            .replace("{year}", str(moment.year))
        )

    def until(self, moment: datetime, zone: tzinfo) -> str:
        """``moment`` in UTC and, where that reads differently, in ``zone``; minutes are cut, never rounded up."""
        utc = moment.astimezone(UTC)
        local = moment.astimezone(zone)
        first = self._at(utc, "UTC")
        if local.utcoffset() == utc.utcoffset():
            return first
        name = str(getattr(zone, "key", None) or local.tzname() or local.strftime("%z"))
        if name.startswith("Etc/"):  # Etc/GMT+3 is three hours behind, which nobody reads in it
            name = local.tzname() or local.strftime("%z")
        if name[0] in "+-":  # many zones have no letters of their own
            name = f"UTC{name}"
        second = self._at(local, name) if local.date() != utc.date() else self._clock(local, name)
        return f"{first} ({second})"

    def _clock(self, moment: datetime, zone: str) -> str:
        time = self.time.replace("{hour}", f"{moment:%H}").replace("{minute}", f"{moment:%M}")
        return self.isolated(f"{time} {zone}")

    def _at(self, moment: datetime, zone: str) -> str:
        return self.moment.replace("{date}", self.day(moment)).replace("{time}", self._clock(moment, zone))

    def isolated(self, name: str) -> str:
        """``name`` so that it and the line around it keep their own order.

        A name whose letters all run as the line does needs nothing for it, and in a right-to-left line one that begins
        and ends with Latin letters; others get the Unicode isolates.
        """
        mixed = any(bidirectional(char) in {"R", "AL"} for char in name)
        if not mixed and (self.direction == "ltr" or set(map(bidirectional, name[:1] + name[-1:])) <= {"L"}):
            return name
        # First strong isolate where the name has right-to-left letters, left-to-right isolate where it has none.
        opening = "\u2068" if mixed else "\u2066"
        return f"{opening}{name}\u2069"

    def say(self, template: Template, values: Mapping[str, Value]) -> str:
        """``template`` with its values and sentences put in."""
        return template.render(self._resolver(values, template.where))

    def sentence(self, name: str, values: Mapping[str, Value]) -> str:
        return str(self._resolver(values, name)(name))

    def check(self, template: Template, values: Mapping[str, Value]) -> None:
        """Raises ConfigError where ``template``, or a sentence that it asks for, could not be written with ``values``.

        Every section is looked at, also those that these values leave out.
        """
        todo, met = [template], set(values)
        while todo:
            asking = todo.pop()
            for name in sorted(asking.names() - met):
                met.add(name)
                self._resolver(values, asking.where)(name)
                todo += self.sentences[name].forms.values()

    def _resolver(self, values: Mapping[str, Value], where: str) -> Resolve:
        inside: list[str] = []
        written = 0

        def resolve(name: str) -> Value:
            nonlocal written
            if name in values:
                value = values[name]
                return self.number(value) if type(value) is int and value else value
            sentence = self.sentences.get(name)
            if sentence is None:
                close = nearest(name, [*values, *self.sentences])
                raise ConfigError(
                    f"the template {where} asks for {{{name}}}, which there is not",
                    hint=f"did you mean {{{close[0]}}}?" if close else "docs/messages.md lists every name",
                    code="template",
                )
            written += 1
            if len(inside) == _DEEPEST or written > _MOST_SENTENCES:
                raise ConfigError(
                    f"the template {where} never ends: {{{name}}} asks for itself, or for too much",
                    hint=f"look at {' -> '.join([*inside, name])}",
                    code="template",
                )
            category = "other" if sentence.by is None else self._category(sentence.by, values, where)
            inside.append(name)
            text = (sentence.forms.get(category) or sentence.forms["other"]).render(resolve)
            inside.pop()
            return text

        return resolve

    def _category(self, by: str, values: Mapping[str, Value], where: str) -> str:
        number = values.get(by)
        if type(number) is not int:
            raise ConfigError(
                f"the template {where} has a sentence with by = {by!r}, which is no number there",
                hint="docs/messages.md lists every name",
                code="template",
            )
        return self.plural(number)


def codes() -> tuple[str, ...]:
    """The languages that ship, English first."""
    found = (item.name.removesuffix(".toml") for item in _folder().iterdir() if item.name.endswith(".toml"))
    return tuple(sorted(found, key=lambda code: (code != "en", code)))


@cache
def load(code: str, own: str | None = None) -> Language:
    """The language ``code`` (``pt-BR`` finds ``pt``), with the sentences of the folder ``own`` for shipped ones.

    Raises UsageError for a language that there is not, ConfigError for an own file that is broken.
    """
    wanted = str(code).strip().replace("_", "-").lower()
    known = codes()
    found = next((name for name in (wanted, wanted.partition("-")[0]) if name in known), None)
    if found is None:
        close = nearest(wanted, known)
        raise UsageError(
            f"there are no messages in the language {code!r}",
            hint=(f"did you mean {close[0]!r}? " if close else "") + f"Languages: {', '.join(known)}",
            code="unknown-language",
        )
    data = tomllib.loads((_folder() / f"{found}.toml").read_text(encoding="utf-8"))
    sentences = _sentences(data.pop("sentences"), f"{found}.toml")
    if own is not None:
        sentences |= _own_sentences(Path(own) / f"{found}.toml", sentences)
    return Language(code=found, sentences=sentences, months=tuple(data.pop("months")), **data)


def _own_sentences(path: Path, known: Mapping[str, Sentence]) -> dict[str, Sentence]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be used: {error}", hint="docs/messages.md shows its form") from error
    extra = set(data) - {"sentences"}
    texts = data.get("sentences", {})
    unknown = sorted(extra) + sorted(set(texts) - set(known)) if isinstance(texts, dict) else ["sentences"]
    if unknown:
        raise ConfigError(
            f"{path}: {unknown[0]!r} is not a sentence of the messages",
            hint="docs/messages.md lists the sentences that can be replaced",
            code="template",
        )
    return _sentences(texts, str(path))


def _sentences(texts: Mapping[str, Any], where: str) -> dict[str, Sentence]:
    sentences = {}
    for name, text in texts.items():
        forms = dict(text) if isinstance(text, dict) else {"other": text}
        by = forms.pop("by", None)
        texts_alone = all(isinstance(form, str) for form in (*forms.values(), by or ""))
        if "other" not in forms or not texts_alone or not set(forms) <= set(_CATEGORIES):
            raise ConfigError(
                f"{where}: {name!r} needs a text, or a text for each plural form with 'other'",
                hint=f"plural forms are {', '.join(_CATEGORIES)}; 'by' names the number that decides",
                code="template",
            )
        parsed = {category: Template.parse(form, f"{where} ({name})") for category, form in forms.items()}
        sentences[name] = Sentence(parsed, by)
    return sentences


def _folder() -> Any:
    return files("delivery.message") / "languages"
