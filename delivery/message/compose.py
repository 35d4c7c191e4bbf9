"""The messages of a delivery, ready to paste. Pure but for reading templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from pathlib import Path

from delivery.errors import ConfigError
from delivery.escape import printable
from delivery.message import language as languages
from delivery.message.cut import cut
from delivery.message.language import Language, Value
from delivery.message.lint import lint_name, measure_for
from delivery.message.template import LONGEST_TEMPLATE, Template, tidy
from delivery.model import Delivery, FileEntry, Link, Method, PartKind, Profile
from delivery.options import MessageOptions

LONGEST_LIST = 12
"""Names that a message lists; with more it counts them."""
_NUMBERED = re.compile(r"\.\d{2,4}$")


def compose(delivery: Delivery, *, options: MessageOptions, zone: tzinfo, now: datetime) -> tuple[str, ...]:
    """One text per planned message, in order, in ``delivery.language``; more where the platform's length needs it.

    ``zone`` is shown beside UTC. Names that the platform may hold back are counted instead of written.
    Raises UsageError for an unknown language and ConfigError for a broken template of the user's own.
    """
    own = _own_folder(options)
    language = languages.load(delivery.language, own)
    facts = _Facts(delivery, language, zone, now)
    if delivery.method is Method.LINK:
        texts = [_written("link", facts.link_values(), language, own)]
    else:
        total = max(delivery.plan.messages, 1)
        texts = [_written("attach", facts.attach_values(n, total), language, own) for n in range(1, total + 1)]
    return tuple(piece for text in texts for piece in _fitted(text, delivery.plan.profile, language))


def _own_folder(options: MessageOptions) -> str | None:
    if options.templates is None:
        return None
    folder = Path(options.templates).expanduser()
    if not folder.is_dir():
        raise ConfigError(f"the folder of templates {folder} does not exist", hint="check [message] templates")
    return str(folder)


def _fitted(text: str, profile: Profile, language: Language) -> tuple[str, ...]:
    def label(n: int, m: int) -> str:
        return language.sentence("piece_last" if n == m else "piece_of", {"n": n, "m": m})

    return cut(text, profile.message_chars, label, measure_for(profile))


def _written(layout: str, values: dict[str, Value], language: Language, own: str | None) -> str:
    return tidy(language.say(_layout(layout, own), values))


@cache
def _layout(name: str, own: str | None) -> Template:
    """The layout ``name``, the user's own if the folder ``own`` has one."""
    if own is not None and (path := Path(own) / f"{name}.txt").is_file():
        try:
            with path.open(encoding="utf-8-sig") as stream:
                return Template.parse(stream.read(LONGEST_TEMPLATE + 1), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be used: {error}", hint="save it as UTF-8 text") from error
    text = (files("delivery.message") / "layouts" / f"{name}.txt").read_text(encoding="utf-8")
    return Template.parse(text, f"{name}.txt")


@dataclass(frozen=True, slots=True)
class _Item:
    """One attachment, made or planned."""

    name: str
    size: int
    kind: PartKind
    message: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a delivery has to say, as values of the templates."""

    delivery: Delivery
    language: Language
    zone: tzinfo
    now: datetime

    def attach_values(self, n: int, total: int) -> dict[str, Value]:
        everything = self._items()
        here = [item for item in everything if item.message == n]
        volumes = [item for item in everything if item.kind is PartKind.VOLUME]
        archives = [item for item in everything if item.kind is PartKind.ARCHIVE]
        plain_here = [item for item in here if item.kind in {PartKind.AS_IS, PartKind.ARCHIVE}]
        last = n == total
        values = self._common() | self._named(here) | self._joining(volumes, everything)
        proofs = [item.name for item in everything if item.kind is PartKind.PROOF]
        manifests = [item.name for item in everything if item.kind is PartKind.MANIFEST]
        return values | {
            "n": n,
            "m": total,
            "first": n == 1,
            "last": last,
            "several": total > 1,
            "remaining": total - n,
            "archives": any(item.kind is PartKind.ARCHIVE for item in here),
            "archives_several": len(archives) > 1,
            "plain_here": bool(plain_here) and (n == 1 or not self._plain_before(everything, n)),
            "volumes_here": bool(volumes),
            "join_here": bool(volumes) and last,
            "later": bool(volumes) and not last,
            "list_name": next((name for name in [*proofs, *manifests] if self._speakable(name)), None),
        }

    def link_values(self) -> dict[str, Value]:
        delivery = self.delivery
        links = (delivery.page,) if delivery.page else delivery.links
        ends = [link.expires_at for link in (*links, *delivery.links)]
        known = [end for end in ends if end is not None]
        proofs = [item for item in delivery.attachments if item.kind is PartKind.PROOF]
        proof = next((item.filename for item in proofs if self._speakable(item.filename)), None)
        until = self.language.until(min(known), self.zone) if known and len(known) == len(ends) else None
        return self._common() | {
            "page": delivery.page.url if delivery.page else None,
            "links": "\n\n".join(self._link(link) for link in delivery.links),
            "link_count": len(links),
            "until_when": until,
            "proof_here": bool(proofs),
            "proof": proof,
        }

    def _link(self, link: Link) -> str:
        size = self.language.size(link.size)
        name = printable(link.name)
        return f"{name} ({size})\n{link.url}" if self._speakable(link.name) else f"{size}\n{link.url}"

    def _common(self) -> dict[str, Value]:
        delivery = self.delivery
        order = delivery.order if delivery.order and self._speakable(delivery.order) else None
        renamed = [entry for entry in delivery.files if entry.original and entry.original != entry.arcname]
        return {
            "order": printable(order) if order else None,
            "file_count": len(delivery.files),
            "size": self.language.size(sum(entry.size for entry in delivery.files)),
            "revision": False,
            "renamed_count": len(renamed),
            "renamed_list": self._renamed(renamed),
        }

    def _renamed(self, renamed: Sequence[FileEntry]) -> str | None:
        shown = [
            entry
            for entry in renamed[: LONGEST_LIST + 1]
            if self._speakable(entry.arcname) and self._speakable(entry.original or "")
        ]
        if not renamed or len(renamed) > LONGEST_LIST or len(shown) < len(renamed):
            return None
        lines = (
            self.language.sentence(
                "renamed_line", {"new_name": printable(entry.arcname), "old_name": printable(entry.original or "")}
            )
            for entry in shown
        )
        return "\n".join(f"- {line}" for line in lines)

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
            if self._speakable(here[0].name) and self._speakable(here[-1].name):
                values |= {"first_name": printable(here[0].name), "last_name": printable(here[-1].name)}
            return values
        named = [item for item in here if self._speakable(item.name)]
        lines = [f"- {printable(item.name)} ({self.language.size(item.size)})" for item in named]
        if named and len(named) < len(here):
            lines.append(f"- {self.language.sentence('and_more', {'unnamed': len(here) - len(named)})}")
        return values | {"list": "\n".join(lines) or None}

    def _joining(self, volumes: Sequence[_Item], everything: Sequence[_Item]) -> dict[str, Value]:
        joined = {item.members[0] for item in volumes if item.members}
        whole = joined.pop() if len(joined) == 1 else None
        joiner = next((item.name for item in everything if item.kind is PartKind.JOINER), None)
        ending = _NUMBERED.search(volumes[0].name) if volumes else None
        return {
            "piece_count": len(volumes),
            "volume_name": printable(whole) if whole and self._speakable(whole) else None,
            "joiner": joiner,
            "first_ending": ending[0] if ending else None,
        }

    @staticmethod
    def _plain_before(everything: Sequence[_Item], n: int) -> bool:
        return any(item.message < n and item.kind in {PartKind.AS_IS, PartKind.ARCHIVE} for item in everything)

    def _speakable(self, name: str) -> bool:
        """Whether a name can stand in the message without being held against the seller."""
        return not lint_name(name, self.delivery.plan.profile)
