"""A platform's rules: what it takes, what is known of links on it, and where that is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal


class LinkPolicy(StrEnum):
    """What is known of links on a platform; never a promise that one is allowed."""

    ALLOWED = "allowed"
    RISKY = "risky"
    BARRED = "barred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform takes; None means that no limit is stated. All byte limits are inclusive."""

    file_bytes: int | None = None
    """One attachment."""
    message_bytes: int | None = None
    """All attachments of one message together."""
    message_files: int | None = None
    """Attachments of one message."""
    messages: int | None = None
    """Messages that one delivery may span before a link is kinder; None: as many as needed."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from."""

    address: str
    official: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """A platform's rules. ``confirmed`` is false where a value is cautious or second-hand."""

    name: str
    title: str
    limits: Limits = Limits()
    blocked_types: frozenset[str] = frozenset()
    """File name extensions, lower case, without the dot."""
    blocked_inside_archives: bool = False
    blocks_nested_archives: bool = False
    """An encrypted archive that holds an archive is refused."""
    allowed_types: frozenset[str] | None = None
    """None: every extension that is not blocked."""
    link_policy: LinkPolicy = LinkPolicy.UNKNOWN
    link_note: str = ""
    message_chars: int | None = None
    markup: Literal["plain", "markdown", "html"] = "plain"
    marketplace: bool = False
    """Whether contact details and payment words are held against the seller here."""
    attach_where: str = ""
    """Where in the platform to attach, in words for the seller."""
    note: str = ""
    sources: tuple[Source, ...] = ()
    checked_on: date | None = None
    confirmed: bool = False
