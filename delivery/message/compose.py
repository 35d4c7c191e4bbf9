"""The messages of a delivery and the replies about it, ready to paste. Pure but for reading templates."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path

from delivery.errors import ConfigError, UsageError
from delivery.message import hypertext
from delivery.message import language as languages
from delivery.message.changes import Changes
from delivery.message.cut import cut
from delivery.message.facts import Facts, links_allowed
from delivery.message.language import Language, Value
from delivery.message.rules import measure_for
from delivery.message.template import LONGEST_TEMPLATE, Template, tidy
from delivery.model import Delivery, Method
from delivery.options import MessageOptions
from delivery.profile import Profile

_DIVIDER = f"\n\n{hypertext.DIVIDER}\n\n"
"""Between a message and its English twin."""


class _Known(StrEnum):
    @classmethod
    def _missing_(cls, value: object) -> None:
        raise UsageError(
            f"{cls.__name__.lower()} {value!r} is not known", hint=f"one of {', '.join(cls)}", code="unknown-situation"
        )


class Situation(_Known):
    """Why a delivery is written about. Raises UsageError for a word that is none of these."""

    FIRST = "first"
    REVISION = "revision"
    RENEWED = "renewed"
    """Its links were signed again."""


class Reply(_Known):
    """What the buyer said that asks for an answer. Raises UsageError for a word that is none of these."""

    EMAIL_REQUEST = "email-request"
    CANNOT_OPEN = "cannot-open"
    CANNOT_DOWNLOAD = "cannot-download"
    OTHER_FORM = "other-form"
    EXPIRED = "expired"
    UNFAIR_REVIEW = "unfair-review"
    """The public answer under the review."""


def compose(
    delivery: Delivery,
    *,
    options: MessageOptions,
    zone: tzinfo,
    now: datetime,
    situation: Situation = Situation.FIRST,
    changes: Changes | None = None,
) -> tuple[str, ...]:
    """One text per planned message, in order, in ``delivery.language``; more where the platform's length needs it.

    ``zone`` is shown beside UTC; ``changes`` tells what a revision changed. Names that the platform may hold back are
    counted instead of written. Raises UsageError for an unknown language, ConfigError for a broken own template.
    """
    own = _own_folder(options)
    revision = situation is Situation.REVISION
    renewed = situation is Situation.RENEWED
    spoken = _spoken(delivery.language, options, own)

    def facts(language: Language) -> Facts:
        return Facts(delivery, language, zone, now, changes if revision else None, revision, renewed)

    if delivery.method is Method.LINK:
        parts = [
            _written("link", facts(language).link(above=place > 0), language, own)
            for place, language in enumerate(spoken)
        ]
        texts = [_DIVIDER.join(parts)]
    else:
        total = max(delivery.plan.messages, 1)
        texts = [
            _DIVIDER.join(_written("attach", facts(language).attach(n, total), language, own) for language in spoken)
            for n in range(1, total + 1)
        ]
    return tuple(piece for text in texts for piece in _fitted(text, delivery.plan.profile, spoken))


def check_templates(delivery: Delivery, *, options: MessageOptions, zone: tzinfo, now: datetime) -> None:
    """Raises as :func:`compose` would, for whatever becomes of the planned ``delivery``, while nothing is done yet."""
    own = _own_folder(options)
    for language in _spoken(delivery.language, options, own):
        facts = Facts(delivery, language, zone, now)
        language.check(_layout("attach", own), facts.attach(1, 1))
        language.check(_layout("link", own), facts.link())
        for name, values in _SPOKEN_ALONE.items():
            for form in language.sentences[name].forms.values():
                language.check(form, values)


_SPOKEN_ALONE: dict[str, dict[str, Value]] = {
    "and_more": {"unnamed": 2},
    "renamed_line": {"new_name": "a", "old_name": "b"},
    "piece_of": {"n": 1, "m": 2},
    "piece_last": {"n": 2, "m": 2},
}
"""The sentences that stand in no layout, with their values."""


def reply(
    to: Reply,
    *,
    profile: Profile,
    language: str,
    options: MessageOptions,
    zone: tzinfo,
    now: datetime,
    delivery: Delivery | None = None,
    renewals: int = 0,
) -> tuple[str, ...]:
    """The answer ``to`` what the buyer said; with ``delivery``, it says what was delivered, when and how.

    ``renewals`` is how often new links were sent, for the answer to a review. Raises as :func:`compose` does.
    """
    own = _own_folder(options)
    spoken = _spoken(language, options, own)
    if to is Reply.UNFAIR_REVIEW:
        spoken = spoken[:1]

    def values(language: Language) -> dict[str, Value]:
        if delivery is None:
            return _NO_DELIVERY | {"page_allowed": links_allowed(profile)}
        here = replace(delivery, plan=replace(delivery.plan, profile=profile))
        return Facts(here, language, zone, now, renewals=renewals).reply()

    text = _DIVIDER.join(_written(to.value, values(language), language, own) for language in spoken)
    return _fitted(text, profile, spoken)


_NO_DELIVERY: dict[str, Value] = {
    "file_count": 0,
    "volumes_here": False,
    "unpack": True,
    "size": None,
    "attached_way": False,
    "link_way": False,
    "link_count": 1,
    "until_when": None,
    "delivered_on": None,
    "renewals": 0,
}


def _spoken(language: str, options: MessageOptions, own: str | None) -> tuple[Language, ...]:
    """The language, and English below it where that is asked for and is another one."""
    first = languages.load(language, own)
    if options.bilingual and first.code != "en":
        return first, languages.load("en", own)
    return (first,)


def _own_folder(options: MessageOptions) -> str | None:
    own = options.templates
    if own is not None and not os.path.isdir(own):
        raise ConfigError(f"the folder of templates {own} does not exist", hint="check [message] templates")
    return own


def _fitted(text: str, profile: Profile, spoken: tuple[Language, ...]) -> tuple[str, ...]:
    """``text`` in pieces that fit, in the form that the platform renders; HTML is counted with its markup."""

    def label(n: int, m: int) -> str:
        return spoken[0].sentence("piece_last" if n == m else "piece_of", {"n": n, "m": m})

    count = measure_for(profile)
    if profile.markup != "html":
        return cut(text, profile.message_chars, label, count)
    directions = [language.direction for language in spoken]
    if "rtl" not in directions:
        directions = []
    pieces = cut(text, profile.message_chars, label, lambda piece: count(hypertext.render(piece, directions)))
    return tuple(hypertext.render_each(pieces, directions))


def _written(layout: str, values: dict[str, Value], language: Language, own: str | None) -> str:
    return tidy(language.say(_layout(layout, own), values))


@cache
def _layout(name: str, own: str | None) -> Template:
    """The layout ``name``, the user's own if the folder ``own`` has one."""
    if own is not None:
        path = Path(own) / f"{name}.txt"
        try:
            with path.open(encoding="utf-8-sig") as stream:
                return Template.parse(stream.read(LONGEST_TEMPLATE + 1), str(path))
        except FileNotFoundError:
            pass
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be used: {error}", hint="save it as UTF-8 text") from error
    text = (files("delivery.message") / "layouts" / f"{name}.txt").read_text(encoding="utf-8")
    return Template.parse(text, f"{name}.txt")
