"""The verbs of the library. Each composes the rooms and answers with frozen data; nothing is printed or kept."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from delivery import checks, intake, packing, places, planning, platforms, storage
from delivery.afterwards import compose_message
from delivery.config import Settings
from delivery.errors import BlockedError
from delivery.handover import Handover, check_promises
from delivery.intake import strip
from delivery.message import Situation
from delivery.message.language import load as language
from delivery.model import Deliverable, Delivery, FileEntry, Finding, Method, Plan, Profile, Via
from delivery.progress import CancelToken, NullProgress, Progress
from delivery.surroundings import id_of, zone_of
from delivery.units import parse_duration

Paths = Sequence[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What :func:`check` saw: the deliverable, the platform that it is meant for, and what was found."""

    settings: Settings
    profile: Profile
    deliverable: Deliverable
    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What ``strip`` took out."""

    @property
    def files(self) -> tuple[FileEntry, ...]:
        return self.deliverable.entries

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop a delivery: errors, and with ``strict`` warnings too."""
        return checks.blocking(self.findings, self.settings.delivery.strict)


def check(
    paths: Paths,
    *,
    settings: Settings | None = None,
    digests: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
    **options: Any,
) -> Inspection:
    """Look at ``paths`` and say what is wrong, leaky or blocked. Nothing is written, nothing is sent.

    ``options`` are those of the ``[delivery]`` and ``[checks]`` sections (``platform``, ``allow``, ``since``
    ...); with ``strip`` cleaned copies are made in the state folder and stand in the deliverable. With ``digests``
    every file is hashed. Raises ConfigError, UsageError for an unknown platform or language, and LocalError for paths
    that cannot be taken.
    """
    settings = configured(settings, options)
    language(settings.delivery.language, settings.message.templates)
    zone_of(settings, now or datetime.now(UTC))
    progress, cancel = progress or NullProgress(), cancel or CancelToken()
    profile = platforms.get(settings.delivery.platform, settings)
    deliverable = intake.take_in(paths, keep_junk=settings.delivery.keep_junk, progress=progress, cancel=cancel)
    notes: tuple[str, ...] = ()
    if settings.checks.strip:
        stripped = strip.strip(deliverable, places.state_dir() / "cleaned", progress=progress, cancel=cancel)
        deliverable, notes = stripped.deliverable, strip.summary(stripped.removed)
    if digests:
        entries = intake.with_digests(deliverable.entries, progress=progress, cancel=cancel)
        deliverable = replace(deliverable, entries=entries)
    observations = intake.observe(deliverable, options=settings.checks, progress=progress, cancel=cancel)
    found = checks.run(deliverable, observations, profile, settings.checks, now=now or datetime.now(UTC))
    kept, waived = checks.waive(found, settings.delivery.allow)
    return Inspection(settings, profile, deliverable, kept, waived, notes)


def plan(inspection: Inspection) -> Plan:
    """Decide how to hand over what was inspected. Raises BlockedError for blocking findings, and for an impossible way.

    Planned sizes of zips are upper bounds; they are known when the zips are made.
    """
    if inspection.blocking:
        raise _blocked(inspection)
    deliverable = inspection.deliverable
    via = inspection.settings.delivery.via
    return planning.plan(deliverable, inspection.profile, via=via, packed_sizes=packing.estimate(deliverable))


def carry_out(
    inspection: Inspection,
    planned: Plan,
    *,
    revision_of: str | None = None,
    situation: Situation | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> Delivery:
    """Do what was planned, compose the messages, and record it.

    ``revision_of`` is the delivery that this one replaces: the message says what changed since, the record keeps it.
    ``situation`` is what the message is for; by default a revision where it replaces one, else a first delivery.
    """
    now = now or datetime.now(UTC)
    named = id_of(inspection.settings)
    handover = Handover(
        named or new_id(now),
        inspection.settings,
        progress or NullProgress(),
        cancel or CancelToken(),
        now,
        inspection.findings,
        inspection.waived,
        revision_of,
        situation,
        named=named is not None,
    )
    done = handover.run(planned)
    return replace(done, notes=(*inspection.notes, *done.notes))


def dry_run(inspection: Inspection, planned: Plan, *, now: datetime | None = None) -> Delivery:
    """What :func:`carry_out` would answer, as far as it is known before anything is done.

    A configured store is looked up and asked how long it signs, but not contacted. Raises what that raises.
    """
    options, now = inspection.settings.delivery, now or datetime.now(UTC)
    if planned.method is Method.LINK:
        local, until = options.store == storage.LOCAL, now + options.expires
        store = None if local else storage.open_store(options.store, inspection.settings, until=until)
        check_promises(store, options, now=now)
    return Delivery(
        id_of(inspection.settings) or new_id(now),
        now,
        planned,
        inspection.deliverable.entries,
        findings=inspection.findings,
        order=options.order,
        language=options.language,
        dry_run=True,
    )


def send(
    paths: Paths,
    *,
    settings: Settings | None = None,
    revision_of: str | None = None,
    situation: Situation | str | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
    **options: Any,
) -> Delivery:
    """The main job: check, plan, attach or link, compose the message, record.

    ``options`` are those of the ``[delivery]`` section: ``platform="gmail"``, ``via="attach"``, ``expires="3d"`` ...
    ``revision_of`` is the id of the delivery that this one replaces, ``situation`` what the message is for.
    Raises BlockedError when findings stand in the way, and any other DeliveryError that the rooms raise.
    """
    inspection = check(paths, settings=settings, digests=False, progress=progress, cancel=cancel, now=now, **options)
    return carry_out(
        inspection, plan(inspection), revision_of=revision_of, situation=Situation(situation) if situation else None,
        progress=progress, cancel=cancel, now=now,
    )  # fmt: skip


def pack(paths: Paths, **options: Any) -> Delivery:
    """:func:`send`, by the attach way only."""
    return send(paths, **{**options, "via": Via.ATTACH})


def upload(paths: Paths, **options: Any) -> Delivery:
    """:func:`send`, by the link way only."""
    return send(paths, **{**options, "via": Via.LINK})


def configured(settings: Settings | None, options: dict[str, Any]) -> Settings:
    """``settings``, or what :meth:`Settings.load` finds, with the caller's options over them."""
    given = dict(options)
    if isinstance(given.get("via"), str):
        given["via"] = Via(given["via"])
    for name in ("expires", "require_expiry", "retain"):
        if isinstance(given.get(name), str):
            given[name] = parse_duration(given[name])
    return (settings or Settings.load()).override(**given)


def new_id(now: datetime) -> str:
    """Short enough to type, sorted by day, and not to be guessed from another."""
    return f"{now:%Y%m%d}-{secrets.token_hex(4)}"


def _blocked(inspection: Inspection) -> BlockedError:
    blocking = inspection.blocking
    codes = ", ".join(sorted({finding.code for finding in blocking}))
    count = f"{len(blocking):,} finding{'s' if len(blocking) > 1 else ''}"
    return BlockedError(
        f"not delivered: {count} in the way ({codes})",
        findings=inspection.findings,
        hint="mend the files, or waive a finding that you have looked at: --allow CODE",
    )


__all__ = ["Inspection", "carry_out", "check", "compose_message", "dry_run", "pack", "plan", "send", "upload"]
