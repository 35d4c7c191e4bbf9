"""The verbs of the library. Each composes the rooms and answers with frozen data; nothing is printed or kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self, Unpack

from delivery import checks, intake, packing, places, planning, platforms, storage
from delivery.config import Settings, configured
from delivery.errors import BlockedError
from delivery.handover import Handover
from delivery.inputs import Held, Input
from delivery.intake.observe import observe
from delivery.message import Situation
from delivery.message.language import load as language
from delivery.model import Deliverable, Delivery, FileEntry, Finding, Plan, Via
from delivery.options import DeliveryOptions
from delivery.profile import Profile
from delivery.progress import CancelToken, Progress, hooks
from delivery.surroundings import id_of, new_id, now_in_utc, zone_of
from delivery.units import counted


@dataclass(frozen=True, slots=True)
class Inspection:
    """What :func:`check` saw: the deliverable, the platform that it is meant for, and what was found.

    Where bytes or streams were among the inputs, their copies live until :meth:`close`, or the end of a ``with`` block,
    or until nothing refers to the inspection any more.
    """

    settings: Settings
    profile: Profile
    deliverable: Deliverable
    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What ``strip`` took out."""
    _held: Held | None = field(default=None, repr=False, compare=False)

    @property
    def files(self) -> tuple[FileEntry, ...]:
        return self.deliverable.entries

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that stop a delivery: errors, and with ``strict`` warnings too."""
        return checks.blocking(self.findings, self.settings.delivery.strict)

    def close(self) -> None:
        """Remove the copies that were made of bytes and streams. Calling it again is harmless."""
        if self._held is not None:
            self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check(
    paths: Sequence[Input],
    *,
    settings: Settings | None = None,
    digests: bool = True,
    read_streams: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
    **options: Unpack[DeliveryOptions],
) -> Inspection:
    """Look at ``paths`` and say what is wrong, leaky or blocked. Nothing is sent.

    ``paths`` are files, folders, and entries made with :meth:`FileEntry.from_bytes` and :meth:`FileEntry.from_stream`.
    Those become private files in the state folder until the inspection is closed; with ``read_streams=False`` a
    stream that goes up by link to a store that takes parts stays a stream, read only when it is sent, and its inside
    is not looked at. With ``strip`` cleaned copies are made and stand in the deliverable. With ``digests`` every file
    is hashed.

    ``options`` are those of the ``[delivery]`` and ``[checks]`` sections: ``platform``, ``allow``, ``since`` ...
    Raises ConfigError, also for an unknown store, whether or not links will be needed; UsageError for an unknown
    platform or language and for what is no input; and LocalError for paths that cannot be taken and streams that break.
    """
    chosen = configured(settings, options)
    held = Held()
    try:
        return _inspect(paths, chosen, digests, read_streams, held, progress, cancel, now_in_utc(now))
    except BaseException:
        held.close()
        raise


def _inspect(
    paths: Sequence[Input],
    settings: Settings,
    digests: bool,
    read_streams: bool,
    held: Held,
    progress: Progress | None,
    cancel: CancelToken | None,
    now: datetime,
) -> Inspection:
    language(settings.delivery.language, settings.message.templates)
    zone_of(settings, now)
    storage.section(settings.delivery.store, settings)
    progress, cancel = hooks(progress, cancel)
    profile = platforms.get(settings.delivery.platform, settings)
    leave = not read_streams and _streams_go_up(settings)
    inputs = held.take(paths, leave_streams=leave, progress=progress, cancel=cancel)
    own, shared = (*places.own_files(), *([settings.file] if settings.file else [])), places.own_folders()
    deliverable = intake.take_in(
        inputs, keep_junk=settings.delivery.keep_junk, own=own, shared=shared, progress=progress, cancel=cancel
    )
    notes: tuple[str, ...] = ()
    if settings.checks.strip:
        from delivery.intake import strip

        stripped = strip.strip(deliverable, places.state_dir() / "cleaned", progress=progress, cancel=cancel)
        deliverable, notes = stripped.deliverable, strip.summary(stripped.removed)
    if digests:
        entries = intake.with_digests(deliverable.entries, progress=progress, cancel=cancel)
        deliverable = replace(deliverable, entries=entries)
    observations = observe(deliverable, options=settings.checks, progress=progress, cancel=cancel)
    found = checks.run(deliverable, observations, profile, settings.checks, now=now)
    kept, waived = checks.waive(found, settings.delivery.allow)
    return Inspection(settings, profile, deliverable, kept, waived, notes, held)


def _streams_go_up(settings: Settings) -> bool:
    """Whether a stream can be sent as it comes: by link, unaltered, to a store for which parts make sense."""
    forced = settings.delivery.via is Via.LINK and not settings.checks.strip
    return forced and storage.takes_parts(settings.delivery.store, settings)


def plan(inspection: Inspection) -> Plan:
    """Decide how to hand over what was inspected. Raises BlockedError for blocking findings, and for an impossible way.

    Planned sizes of zips are upper bounds; they are known when the zips are made.
    """
    if inspection.blocking:
        raise _blocked(inspection)
    deliverable = inspection.deliverable
    options = inspection.settings.delivery
    sizes = packing.estimate(deliverable) if options.pack else None
    return planning.plan(deliverable, inspection.profile, via=options.via, pack=options.pack, packed_sizes=sizes)


def carry_out(
    inspection: Inspection,
    planned: Plan,
    *,
    revision_of: str | None = None,
    situation: Situation | str | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> Delivery:
    """Do what was planned, compose the messages, and record it.

    ``revision_of`` is the delivery that this one replaces: the message says what changed since, the record keeps it.
    ``situation`` is what the message is for (``first``, ``revision``); by default a revision where it replaces one,
    else a first delivery. ``connection`` is your own ``boto3.Session`` or S3 client for the store that the settings
    name; its credentials sign the links.
    """
    handover = _handover(inspection, revision_of, situation, connection, progress, cancel, now)
    done = handover.run(planned)
    return replace(done, notes=(*inspection.notes, *done.notes))


def dry_run(
    inspection: Inspection,
    planned: Plan,
    *,
    revision_of: str | None = None,
    situation: Situation | str | None = None,
    connection: storage.Connection | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
) -> Delivery:
    """What :func:`carry_out` would answer, as far as it is known before anything is done; nothing is written.

    A configured store is asked how long it signs, but not contacted. Raises what that raises before its work begins.
    """
    foreseen = _handover(inspection, revision_of, situation, connection, None, cancel, now).foresee(planned)
    return replace(foreseen, notes=(*inspection.notes, *foreseen.notes))


def _handover(
    inspection: Inspection,
    revision_of: str | None,
    situation: Situation | str | None,
    connection: storage.Connection | None,
    progress: Progress | None,
    cancel: CancelToken | None,
    now: datetime | None,
) -> Handover:
    now = now_in_utc(now)
    named = id_of(inspection.settings)
    return Handover(
        named or new_id(now),
        inspection.settings,
        *hooks(progress, cancel),
        now,
        inspection.findings,
        inspection.waived,
        revision_of,
        Situation(situation) if situation else None,
        connection,
        named=named is not None,
    )


def send(
    paths: Sequence[Input],
    *,
    settings: Settings | None = None,
    revision_of: str | None = None,
    situation: Situation | str | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
    **options: Unpack[DeliveryOptions],
) -> Delivery:
    """The main job: check, plan, attach or link, compose the message, record.

    ``paths`` are files, folders, and entries made with :meth:`FileEntry.from_bytes` and :meth:`FileEntry.from_stream`.
    ``options`` are those of the ``[delivery]`` and ``[checks]`` sections: ``platform="gmail"``, ``via="attach"``,
    ``expires="3d"`` ... The other keywords are those of :func:`carry_out`.

    Raises BlockedError when findings stand in the way, and any other DeliveryError that the rooms raise.
    """
    with check(
        paths, settings=settings, digests=False, read_streams=False, progress=progress, cancel=cancel, now=now,
        **options,
    ) as inspection:  # fmt: skip
        return carry_out(
            inspection, plan(inspection), revision_of=revision_of, situation=situation, connection=connection,
            progress=progress, cancel=cancel, now=now,
        )  # fmt: skip


def pack(
    paths: Sequence[Input],
    *,
    settings: Settings | None = None,
    revision_of: str | None = None,
    situation: Situation | str | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
    **options: Unpack[DeliveryOptions],
) -> Delivery:
    """:func:`send`, by the attach way only: what to attach lies ready in a folder."""
    options["via"] = Via.ATTACH
    return send(
        paths, settings=settings, revision_of=revision_of, situation=situation, progress=progress, cancel=cancel,
        now=now, **options,
    )  # fmt: skip


def upload(
    paths: Sequence[Input],
    *,
    settings: Settings | None = None,
    revision_of: str | None = None,
    situation: Situation | str | None = None,
    connection: storage.Connection | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    now: datetime | None = None,
    **options: Unpack[DeliveryOptions],
) -> Delivery:
    """:func:`send`, by the link way only: uploaded, with links that expire."""
    options["via"] = Via.LINK
    return send(
        paths, settings=settings, revision_of=revision_of, situation=situation, connection=connection,
        progress=progress, cancel=cancel, now=now, **options,
    )  # fmt: skip


def _blocked(inspection: Inspection) -> BlockedError:
    blocking = inspection.blocking
    codes = ", ".join(sorted({finding.code for finding in blocking}))
    return BlockedError(
        f"not delivered: {counted(len(blocking), 'finding')} in the way ({codes})",
        findings=inspection.findings,
        hint="mend the files, or waive a finding that you have looked at: --allow CODE",
    )


__all__ = ["Inspection", "carry_out", "check", "dry_run", "pack", "plan", "send", "upload"]
