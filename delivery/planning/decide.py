"""The decision: the gentlest way for the buyer that the platform's limits leave, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from delivery.errors import PackingError, UsageError
from delivery.model import Deliverable, Method, Part, Plan, Via
from delivery.planning import attach, link, words
from delivery.profile import LinkPolicy, Profile


def plan(
    deliverable: Deliverable,
    profile: Profile,
    *,
    via: Via = Via.AUTO,
    pack: bool = True,
    packed_sizes: Mapping[str, int] | None = None,
) -> Plan:
    """What to attach or to link, in which messages, with the reasons in words.

    ``packed_sizes`` says for each arcname how many bytes the file takes up in a zip; a file that is missing there
    counts with its size. Without ``pack`` there are no zips: each file goes by itself. Raises PackingError when a
    forced or the only lawful way cannot be gone; it names the limit and the file.
    """
    if not deliverable.entries:
        raise UsageError("there is nothing to deliver", hint="name the files or folders that hold the finished work")
    if via is Via.LINK:
        return _linked(deliverable, profile, pack, "you asked for a link")
    must_attach = via is Via.ATTACH or profile.link_policy is LinkPolicy.BARRED
    try:
        arranged = attach.arrange(deliverable, profile, packed_sizes, pack)
    except PackingError as error:
        if must_attach:
            raise
        return _linked(deliverable, profile, pack, error.message)
    if not must_attach:
        if arranged.oversize is not None:
            return _linked(deliverable, profile, pack, words.too_large(arranged.oversize, profile))
        most = profile.limits.messages
        if most is not None and arranged.messages > most:
            return _linked(deliverable, profile, pack, words.too_many_messages(deliverable, profile, arranged.messages))
    parts = _numbered(arranged.parts)
    return Plan(deliverable, profile, Method.ATTACH, parts, arranged.messages, arranged.reasons)


def _linked(deliverable: Deliverable, profile: Profile, pack: bool, reason: str) -> Plan:
    parts, how = link.arrange(deliverable, pack)
    return Plan(deliverable, profile, Method.LINK, _numbered(parts), 1, (reason, *how))


def _numbered(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(replace(part, index=index, total=len(parts)) for index, part in enumerate(parts, start=1))
