"""What a delivery has to say, as the values that templates ask for. Names that may be held back are left out here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from delivery.escape import printable
from delivery.message.changes import Changes
from delivery.message.cut import URL
from delivery.message.language import Language, Value
from delivery.message.lint import lint_name
from delivery.model import PROOF_ROWS, Delivery, FileEntry, Link, Method, PartKind, first_end
from delivery.profile import LinkPolicy, Profile

LONGEST_LIST = 12
"""Names that a message lists; with more it counts them."""
_NUMBERED = re.compile(r"\.\d{2,4}$")
_OPENED = frozenset({PartKind.AS_IS, PartKind.ARCHIVE})


class _Item(NamedTuple):
    """One attachment, made or planned."""

    name: str
    size: int
    kind: PartKind
    message: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The values of one delivery in one language; ``zone`` is shown beside UTC."""

    delivery: Delivery
    language: Language
    zone: tzinfo
    now: datetime
    changes: Changes | None = None
    revision: bool = False
    renewed: bool = False
    renewals: int = 0

    def attach(self, n: int, total: int) -> dict[str, Value]:
        """For the ``n``-th of ``total`` messages with attachments."""
        everything = self._items()
        here = [item for item in everything if item.message == n]
        volumes = [item for item in everything if item.kind is PartKind.VOLUME]
        archives = sum(item.kind is PartKind.ARCHIVE for item in everything)
        opened = [item.message for item in everything if item.kind in _OPENED]
        listing = [
            item.name for item in everything if item.kind is PartKind.PROOF and len(self.delivery.files) <= PROOF_ROWS
        ]
        listing += [item.name for item in everything if item.kind is PartKind.MANIFEST]
        last = n == total
        return (
            self.common()
            | self._named(here)
            | self._joining(volumes, everything)
            | {
                "n": n,
                "m": total,
                "first": n == 1,
                "last": last,
                "several": total > 1,
                "remaining": total - n,
                "archives": any(item.kind in _OPENED and _is_zip(item.name) for item in everything),
                "archives_several": archives > 1,
                "plain_here": bool(opened) and n == min(opened),
                "volumes_here": bool(volumes),
                "join_here": bool(volumes) and last,
                "later": bool(volumes) and not last,
                "list_name": next((self._name(name) for name in listing if self.speakable(name)), None),
            }
        )

    def link(self, *, above: bool = False) -> dict[str, Value]:
        """For the message with links; with ``above``, it refers to links that stand above it instead of naming them."""
        delivery = self.delivery
        proofs = [item for item in delivery.attachments if item.kind is PartKind.PROOF]
        proof = next((self._name(item.filename) for item in proofs if self.speakable(item.filename)), None)
        return (
            self.common()
            | self._ends()
            | {
                "page": delivery.page.url if delivery.page and not above else None,
                "has_page": delivery.page is not None,
                "links": None if above else "\n\n".join(self._link(link) for link in delivery.links),
                "above": above,
                "zips": any(_is_zip(link.name) for link in delivery.links),
                "proof_here": bool(proofs),
                "proof": proof,
                "renewed": self.renewed,
            }
        )

    def common(self) -> dict[str, Value]:
        """What every layout may ask for."""
        delivery = self.delivery
        order = delivery.order if delivery.order and self.speakable(delivery.order) else None
        renamed = [entry for entry in delivery.files if entry.original and entry.original != entry.arcname]
        return {
            "order": self._name(order) if order else None,
            "file_count": len(delivery.files),
            "size": self.language.size(sum(entry.size for entry in delivery.files)),
            "revision": self.revision,
            "renamed_count": len(renamed),
            "renamed_list": self._renamed(renamed),
            **self._changed(),
        }

    def reply(self) -> dict[str, Value]:
        """For a reply about this delivery."""
        link_way = self.delivery.method is Method.LINK
        everything = self._items()
        volumes = [item for item in everything if item.kind is PartKind.VOLUME]
        names = [*(item.name for item in everything), *(link.name for link in self.delivery.links)]
        return (
            self.common()
            | self._ends()
            | self._joining(volumes, everything)
            | {
                "volumes_here": bool(volumes),
                "unpack": any(map(_is_zip, names)),
                "attached_way": not link_way,
                "link_way": link_way,
                "delivered_on": self.language.day(self.delivery.created_at.astimezone(self.zone)),
                "renewals": self.renewals,
                "page_allowed": links_allowed(self.delivery.plan.profile),
            }
        )

    def speakable(self, name: str) -> bool:
        """Whether a name can stand inside a line of the message, as it is and without being held against the seller."""
        return printable(name) == name and not URL.search(name) and not lint_name(name, self.delivery.plan.profile)

    def _ends(self) -> dict[str, Value]:
        delivery = self.delivery
        shown = (delivery.page,) if delivery.page else delivery.links
        end = first_end((*shown, *delivery.links))
        until = self.language.until(end, self.zone) if end is not None and end > self.now else None
        return {"link_count": len(shown), "until_when": until}

    def _link(self, link: Link) -> str:
        size = self.language.size(link.size)
        return f"{self._name(link.name)} ({size})\n{link.url}" if self.speakable(link.name) else f"{size}\n{link.url}"

    def _name(self, name: str) -> str:
        """A speakable name, safe from the platform's markup and from right-to-left reordering."""
        if self.delivery.plan.profile.markup == "markdown":
            return f"`{name.replace('`', chr(0x2BC))}`"
        return self.language.isolated(name)

    def _renamed(self, renamed: Sequence[FileEntry]) -> str | None:
        if not renamed or len(renamed) > LONGEST_LIST:
            return None
        if not all(self.speakable(entry.arcname) and self.speakable(entry.original or "") for entry in renamed):
            return None
        names = (
            {"new_name": self._name(item.arcname), "old_name": self._name(item.original or "")} for item in renamed
        )
        return "\n".join(f"- {self.language.sentence('renamed_line', pair)}" for pair in names)

    def _changed(self) -> dict[str, Value]:
        changes = self.changes
        values: dict[str, Value] = {
            "changes_here": bool(changes),
            "nothing_new": changes is not None and not changes,
        }
        for kind in ("added", "changed", "removed"):
            names: tuple[str, ...] = getattr(changes, kind) if changes else ()
            listed = len(names) <= LONGEST_LIST and all(self.speakable(name) for name in names)
            values[f"{kind}_count"] = len(names)
            values[f"{kind}_names"] = self.language.list_join.join(map(self._name, names)) if listed else None
        return values

    def _items(self) -> tuple[_Item, ...]:
        """The attachments; of a dry run, which has none yet, the planned ones."""
        if self.delivery.attachments or not self.delivery.dry_run:
            return tuple(
                _Item(item.filename, item.size, item.kind, item.message, item.members)
                for item in self.delivery.attachments
            )
        return tuple(
            _Item(part.filename, part.size, part.kind, part.message, tuple(m.arcname for m in part.members[:1]))
            for part in self.delivery.plan.parts
        )

    def _named(self, here: Sequence[_Item]) -> dict[str, Value]:
        values: dict[str, Value] = {"attachment_count": len(here), "list": None, "first_name": None, "last_name": None}
        if len(here) > LONGEST_LIST:
            if self.speakable(here[0].name) and self.speakable(here[-1].name):
                values |= {"first_name": self._name(here[0].name), "last_name": self._name(here[-1].name)}
            return values
        named = [item for item in here if self.speakable(item.name)]
        lines = [f"- {self._name(item.name)} ({self.language.size(item.size)})" for item in named]
        if named and len(named) < len(here):
            lines.append(f"- {self.language.sentence('and_more', {'unnamed': len(here) - len(named)})}")
        return values | {"list": "\n".join(lines) or None}

    def _joining(self, volumes: Sequence[_Item], everything: Sequence[_Item]) -> dict[str, Value]:
        joined = {item.members[0] for item in volumes if item.members}
        whole = joined.pop() if len(joined) == 1 else None
        pages = (item.name for item in everything if item.kind is PartKind.JOINER)
        joiner = next((self._name(name) for name in pages if self.speakable(name)), None)
        ending = _NUMBERED.search(volumes[0].name) if volumes else None
        return {
            "piece_count": len(volumes),
            "volume_name": self._name(whole) if whole and self.speakable(whole) else None,
            "joiner": joiner,
            "first_ending": self.language.isolated(ending[0]) if ending else None,
        }


def _is_zip(name: str) -> bool:
    """Whether it has to be unpacked, whoever packed it."""
    return name.lower().endswith(".zip")


def links_allowed(profile: Profile) -> bool:
    """Whether a link may be offered where it was not asked for."""
    return profile.link_policy in {LinkPolicy.ALLOWED, LinkPolicy.UNKNOWN}
