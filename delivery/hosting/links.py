"""Links that live as long as they say: signed, dated by what really ends them, and tried before they are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from delivery.errors import IntegrityError, StoreRefusedError, UsageError
from delivery.escape import printable
from delivery.hosting.items import Uploaded
from delivery.hosting.names import headers_for
from delivery.model import Link
from delivery.progress import CancelToken, Halt, NullProgress, Progress
from delivery.storage.base import KeyLife, Store
from delivery.storage.lanes import each
from delivery.storage.probe import Probe, probe
from delivery.storage.watch import Watch
from delivery.storage.wire import Wire
from delivery.units import format_duration, format_utc, write_duration

_MOST_SKEW = timedelta(minutes=5)
UNKNOWN_END = "the credentials are temporary and do not say when they end; the links end with them"


class LinkLife(NamedTuple):
    """How long links signed now would live."""

    ends_at: datetime | None
    """None: unknown, never to be promised."""
    reason: str = ""
    """Why, where it is not simply what was asked for."""


def check_life(
    store: Store, expires_in: timedelta, *, now: datetime, strict: bool = False, required: timedelta | None = None
) -> LinkLife:
    """What would become of links that live for ``expires_in``, before anything is uploaded.

    Raises UsageError when the store does not sign for so long, StoreRefusedError when the credentials have ended, and
    when their end is not known or too early: for ``required``, or with ``strict`` for what was asked for.
    """
    _refuse_beyond_cap(store, expires_in)
    life = _life(store.key_life(), now + expires_in, now)
    if required is not None and (life.ends_at is None or life.ends_at < now + required):
        raise StoreRefusedError(
            f"links cannot be promised for the {format_duration(required)} that are required: {life.reason}",
            hint=f"{_longer(life)}, or sign with a permanent key while this identity uploads: "
            f"signing_profile in [store:{store.name}]",
            code="link-end-unknown" if life.ends_at is None else "link-end-early",
        )
    if strict and life.reason:
        raise StoreRefusedError(
            f"links cannot be promised for {format_duration(expires_in)}: {life.reason}",
            hint="sign with a permanent key (`delivery doctor` tells of the credentials), or leave out --strict",
            code="link-end-unknown" if life.ends_at is None else "link-end-early",
        )
    return life


def _longer(life: LinkLife) -> str:
    if life.ends_at is None:
        return "where they are variables, say in AWS_CREDENTIAL_EXPIRATION when they end, as 2026-01-31T12:00:00Z"
    return "give the role a longer session"


def _refuse_beyond_cap(store: Store, expires_in: timedelta) -> None:
    cap = store.quirks.presign_cap
    if cap is not None and expires_in > cap:
        raise UsageError(
            f"{store.quirks.title} signs links for at most {format_duration(cap)}, not {format_duration(expires_in)}",
            hint=f"use --expires {write_duration(cap)} and `delivery renew` before it ends",
            code="expires-too-long",
        )


def _life(keys: KeyLife, wanted: datetime, now: datetime) -> LinkLife:
    if not keys.temporary:
        return LinkLife(wanted)
    if keys.ends_at is None:
        return LinkLife(None, UNKNOWN_END)
    if keys.ends_at <= now:
        raise StoreRefusedError(
            "the temporary credentials have expired", hint="sign in again, then run the same command again"
        )
    if keys.ends_at >= wanted:
        return LinkLife(wanted)
    return LinkLife(keys.ends_at, f"the temporary credentials that sign it end at {format_utc(keys.ends_at)}")


def sign(store: Store, uploaded: Sequence[Uploaded], *, expires_in: timedelta, now: datetime) -> tuple[Link, ...]:
    """A link for each object, with the end that it really has. Nothing is sent.

    Raises UsageError beyond the store's cap and StoreRefusedError without valid credentials.
    """
    _refuse_beyond_cap(store, expires_in)
    links = []
    for item in uploaded:
        keys = store.key_life()
        headers = headers_for(item.name, item.media_type, inline=item.inline)
        url = store.presign(item.stored.key, expires_in, headers)
        # By when it is signed, which a long upload sets far apart from ``now``.
        signed_until = signed_end(url) or now + expires_in
        life = _life(keys, signed_until, signed_until - expires_in)
        links.append(
            Link(
                name=item.name,
                key=item.stored.key,
                size=item.stored.size,
                sha256=item.sha256,
                expires_at=life.ends_at,
                url=url,
                effective_reason=life.reason,
                members=item.members,
                etag=item.stored.etag,
            )
        )
    return tuple(links)


def lasting(store: Store, expires_in: timedelta, *promised: datetime | None, now: datetime) -> timedelta:
    """How long the links in a page or manifest live that is put over an earlier one, and its own: no shorter than was
    ``promised`` of that, as far as the store signs."""
    longest = max([expires_in, *(end - now.replace(microsecond=0) for end in promised if end is not None)])
    cap = store.quirks.presign_cap
    return longest if cap is None else max(expires_in, min(longest, cap))


def signed_end(url: str) -> datetime | None:
    """The end that is written into a SigV4 link, in UTC; None for another kind of address."""
    query = parse_qs(urlsplit(url).query)
    try:
        begun = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return begun + timedelta(seconds=int(query["X-Amz-Expires"][0]))
    except (KeyError, ValueError):
        return None


def try_links(
    links: Sequence[Link],
    *,
    inline: bool = False,
    required: datetime | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> tuple[Link, ...]:
    """:func:`try_link` for each, several at once; the first that fails is raised.

    The links, with an earlier end where the store tells that it removes the object before. StoreRefusedError where
    that is before ``required``.
    """
    halt, wires = Halt(cancel or CancelToken()), dict[str, Wire]()
    watch = Watch(attempts=4, progress=progress or NullProgress(), cancel=halt)
    return _each(links, lambda link: _tried(link, inline, watch, wires).removed_at, required, halt)


def foresee(
    store: Store, links: Sequence[Link], life: LinkLife, *, cancel: CancelToken | None = None
) -> tuple[Link, ...]:
    """``links`` with the end that they would get, if they were signed now and live as :func:`check_life` said.

    Nothing is signed: the store is only asked for their objects. Raises what :func:`try_links` would for one that is
    gone or another by now.
    """
    halt = Halt(cancel or CancelToken())
    watched = store.watched(Watch(attempts=4, cancel=halt))

    def removed_at(link: Link) -> datetime | None:
        found, name = watched.look(link.key), printable(link.name)
        if found is None:
            raise StoreRefusedError(
                f"the link of {name} would not open: nothing lies under its key in the bucket {store.bucket}",
                hint=f"send it again; where [store:{store.name}] led elsewhere when it was delivered, set it back",
                code="link-closed",
            )
        if found.stored.size != link.size:
            raise _another(name, link, found.stored.size)
        return found.removed_at

    dated = [replace(link, url="", expires_at=life.ends_at, effective_reason=life.reason) for link in links]
    return _each(dated, removed_at, None, halt)


def _each(
    links: Sequence[Link], removed_at: Callable[[Link], datetime | None], required: datetime | None, halt: Halt
) -> tuple[Link, ...]:
    ends = each(links, removed_at, halt)
    return tuple(_as_it_lasts(link, end, required) for link, end in zip(links, ends, strict=True))


def _as_it_lasts(link: Link, removed_at: datetime | None, required: datetime | None) -> Link:
    if removed_at is None or link.expires_at is None or removed_at >= link.expires_at:
        return link
    told, now = f"a lifecycle rule of the bucket removes the file at {format_utc(removed_at)}", datetime.now(UTC)
    if removed_at < max(required or now, now):
        raise StoreRefusedError(
            f"the link of {printable(link.name)} cannot be promised for so long: {told}",
            hint="lengthen that rule at the store, or send the files again where they have been there for long",
            code="link-end-early",
        )
    return replace(link, expires_at=removed_at, effective_reason=told)


def try_link(
    link: Link,
    *,
    inline: bool = False,
    sized: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Probe:
    """Open the link as the buyer will: one byte, no credentials; size and disposition compared. A page or manifest may
    have been put anew since, so that it is not ``sized``.

    Raises StoreRefusedError when it does not open, IntegrityError when something else opens, StoreUnreachableError.
    """
    watch = Watch(attempts=4, progress=progress or NullProgress(), cancel=cancel or CancelToken())
    return _tried(link, inline, watch, {}, sized)


def _tried(link: Link, inline: bool, watch: Watch, wires: dict[str, Wire], sized: bool = True) -> Probe:
    answer = probe(link.url, watch, ranged=link.size > 0 or not sized, wires=wires)
    name = printable(link.name)
    if not answer.opens:
        raise _closed(name, answer, "send it again" if sized else "`delivery renew` puts it there again")
    if sized and answer.total != link.size:
        raise _another(name, link, answer.total)
    wanted = headers_for(link.name, answer.media_type, inline=inline).disposition
    if answer.disposition != wanted:
        raise IntegrityError(
            f"the link of {name} would not be saved under its name: the store changed its disposition",
            hint="check profile in the store's section; `delivery doctor` shows what this store keeps",
            code="link-disposition",
        )
    return answer


def _another(name: str, link: Link, total: int | None) -> IntegrityError:
    told = "does not tell its size" if total is None else f"has {total:,} bytes"
    return IntegrityError(
        f"the link of {name} opens something that {told}, not {link.size:,} bytes", hint="send it again"
    )


def _closed(name: str, answer: Probe, remedy: str) -> StoreRefusedError:
    told = f"{answer.status}{' ' + answer.code if answer.code else ''}"
    if answer.date is not None and abs(answer.date - datetime.now(UTC)) > _MOST_SKEW:
        return StoreRefusedError(
            f"the link of {name} does not open ({told}): this machine's clock and the store's differ",
            hint="set the clock (switch on network time), then run the same command again",
            code="clock-wrong",
        )
    if 300 <= answer.status < 400:
        hint = "correct region and endpoint in the store's section: the link was signed for another host"
    elif answer.status == 404:
        hint = f"the object is gone: {remedy}; where the store's section led elsewhere when it was sent, set it back"
    else:
        hint = "`delivery doctor` tries links step by step; the bucket's policy may deny reading"
    return StoreRefusedError(f"the link of {name} does not open ({told})", hint=hint, code="link-closed")
