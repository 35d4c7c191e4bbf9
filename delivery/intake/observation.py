"""What one look inside each file saw: plain facts, from which the checks decide.

Only files with something to tell have an :class:`Observation`, so that 100,000 files stay small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Seen(StrEnum):
    """The kinds of facts."""

    DAMAGED = "damaged"
    """It will not open, or not whole; detail says what is wrong with it, as the end of a sentence."""
    DOUBTFUL = "doubtful"
    """It may open, but its framing is odd; detail as for DAMAGED."""
    ZEROS = "zeros"
    """Nothing but zero bytes."""
    FORMAT = "format"
    """The content is of another format than the name says; detail is a name of ``formats``, or empty: none known."""
    ENCRYPTED = "encrypted"
    """Cannot be read without a password; detail says how much of it."""
    HOSTILE = "hostile"
    """An archive that is dangerous or misleading to unpack; detail says why."""
    UNSEEN = "unseen"
    """A part that was not looked into; detail says why."""
    PERSON = "person"
    """A name of a person or company in metadata; place is the field."""
    GPS = "gps"
    """A place on earth; place is the metadata's name."""
    SERIAL = "serial"
    """A device's serial number; place is the field."""
    LOCAL_PATH = "local-path"
    """A path of the seller's own computer; place is the field or line."""
    STOCK = "stock"
    """A stock agency's name in metadata; detail is the agency, place the field."""
    SECRET = "secret"  # noqa: S105
    """A credential in text; detail is its kind, place the line. The credential itself is never kept."""
    CONTACT = "contact"
    """A way to reach the seller; detail is the text, place the line or field."""
    REVIEW = "review"
    """Left over from the work on a document: comments, tracked changes, notes, what is hidden, attached files."""
    MANIFEST = "manifest"
    """It is the manifest of a delivery that this tool made."""
    TWIN = "twin"
    """The same bytes as an earlier file, detail; place is ``sampled`` where only some of them were compared."""
    ASSET = "asset"
    """A file that this one needs and that is not delivered, as its path is written there."""


class Fact(NamedTuple):
    kind: Seen
    detail: str = ""
    place: str = ""


class Inside(NamedTuple):
    """A file in an archive that has something to tell."""

    name: str
    size: int
    media_type: str
    """Only where the content is not what the name says; else empty."""
    facts: tuple[Fact, ...]


class Observation(NamedTuple):
    """One file's inside."""

    facts: tuple[Fact, ...] = ()
    members: tuple[str, ...] = ()
    """Paths inside an archive, as its directory names them; capped, see the UNSEEN facts."""
    inside: tuple[Inside, ...] = ()
    """Those of them that were looked into and have something to tell."""

    def of(self, kind: Seen) -> Iterator[Fact]:
        return (fact for fact in self.facts if fact.kind is kind)


_NOTHING = Observation()


@dataclass(frozen=True, slots=True)
class Observations:
    """All that was seen, by arcname."""

    by_arcname: Mapping[str, Observation] = field(default_factory=dict)

    def get(self, arcname: str) -> Observation:
        """What was seen in one file; an empty observation when there was nothing to tell."""
        return self.by_arcname.get(arcname, _NOTHING)
