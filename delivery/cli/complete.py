"""What a shell may offer next: names of platforms, stores and languages, codes of findings, ids of deliveries.

Whatever goes wrong meanwhile offers nothing: a broken configuration is told by the command, not while it is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.config import Settings

    Offers = list[CompletionItem[Any]]
    Complete = Callable[[click.Context, click.Parameter, str], Offers]

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_DELIVERY_COMPLETE"
_MOST_IDS = 100
_Offer = tuple[str, str]
"""A value, and a few words about it."""


def _offering(source: Callable[[click.Context], Iterator[_Offer]]) -> Complete:
    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offers:
        from delivery.escape import printable

        try:
            offers = [offer for offer in source(context) if offer[0].startswith(incomplete)]
        except DeliveryError:
            return []
        return [CompletionItem(printable(value), help=printable(words) or None) for value, words in offers]

    return complete


def _settings(context: click.Context) -> Settings:
    from delivery.config import Settings

    return Settings.load(context.params.get("config"))


@_offering
def platforms(context: click.Context) -> Iterator[_Offer]:
    from delivery import platforms

    for name, profile in platforms.all_profiles(_settings(context)).items():
        yield name, profile.title


@_offering
def stores(context: click.Context) -> Iterator[_Offer]:
    yield "local", "on this machine"
    for name, store in _settings(context).stores.items():
        yield name, store.bucket or ""


@_offering
def languages(context: click.Context) -> Iterator[_Offer]:
    from delivery.message.language import codes

    for code in codes():
        yield code, ""


@_offering
def codes(context: click.Context) -> Iterator[_Offer]:
    from delivery.checks import RULES

    for code, rule in RULES.items():
        yield code, rule.title


@_offering
def deliveries(context: click.Context) -> Iterator[_Offer]:
    from delivery import places
    from delivery.ledger import Ledger

    ledger = Ledger(places.data_dir())
    if ledger.begun:
        for record in ledger.list(limit=_MOST_IDS, now=datetime.now(UTC), damaged=lambda id: None):
            yield record.id, f"{record.name}, {record.platform}, {record.state.value}"


@_offering
def states(context: click.Context) -> Iterator[_Offer]:
    from delivery.ledger import State

    for state in State:
        yield state.value, ""


def folders(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offers:
    """The shell itself knows the folders."""
    return [CompletionItem(incomplete, type="dir")]
