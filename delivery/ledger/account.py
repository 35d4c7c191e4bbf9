"""The factual account of one delivery, for the platform's Customer Support: what, when, how, and what came after.

It states and asks for nothing. One outline is written as Markdown, as a page that prints well, and as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from delivery.escape import printable
from delivery.ledger.record import Account, Event, State
from delivery.model import Delivery, Link, Method
from delivery.units import counted, format_size, format_utc


class Facts(NamedTuple):
    """Names and values, one below the other."""

    rows: tuple[tuple[str, str], ...]


class Table(NamedTuple):
    """``digests`` names the columns that are set in a narrow, even face."""

    columns: tuple[str, ...]
    rows: Iterable[tuple[str, ...]]
    digests: frozenset[int] = frozenset()


class Quote(NamedTuple):
    """A text as it was composed, word for word."""

    title: str
    text: str


class Paragraph(NamedTuple):
    text: str


Block = Facts | Table | Quote | Paragraph


class Section(NamedTuple):
    title: str
    blocks: Sequence[Block]


_STATES = {
    State.ATTACHED: "by attachments, which have no end",
    State.LIVE: "its links work",
    State.EXPIRING: "its links work and end within a day",
    State.EXPIRED: "its links have reached their end",
    State.REVOKED: "its links were revoked: its files have left the store",
    State.UNKNOWN: "the end of its links is not known",
}


def title(account: Account) -> str:
    return f"Record of delivery {account.record.id}"


def outline(account: Account, *, now: datetime) -> Iterator[Section]:
    """The account in order; tables of files are made row by row."""
    yield Section("In short", [Facts(tuple(_summary(account, now)))])
    yield Section("What happened, in order", [Table(("Time", "What"), _timeline(account))])
    yield Section("What was delivered", [_files(account.delivery)])
    yield Section("How it was handed over", list(_ways(account)))
    if account.messages:
        quotes = [Quote(f"{_moment(item.at)}: {_what(item.situation)}", item.text) for item in account.messages]
        note = Paragraph("Word for word as composed. {link:NAME} stands where the address of a link stood.")
        yield Section("The messages", [note, *quotes])
    checks = tuple(_checks(account))
    if checks:
        yield Section("What the checks said before delivery", [Table(("Check", "Where", "What", "Decision"), checks)])
    yield Section("About this record", [Paragraph(_about(account, now))])


def document(account: Account, *, now: datetime) -> dict[str, object]:
    """``delivery.record/1``; ``files`` is an iterator."""
    delivery = account.delivery
    return {
        "schema": "delivery.record/1",
        "written_at": format_utc(now),
        "tool_version": account.tool_version,
        "id": delivery.id,
        "created_at": format_utc(delivery.created_at),
        "order": delivery.order,
        "platform": delivery.plan.profile.name,
        "name": delivery.plan.deliverable.name,
        "method": delivery.method.value,
        "state": account.record.state.value,
        "revision_of": account.record.revision_of,
        "store": delivery.store,
        "expires_at": format_utc(delivery.expires_at) if delivery.expires_at else None,
        "revoked_at": format_utc(account.record.revoked_at) if account.record.revoked_at else None,
        "size": account.record.size,
        "files": (
            {"name": item.arcname, "size": item.size, "sha256": item.sha256, "media_type": item.media_type}
            for item in delivery.files
        ),
        "attachments": [
            {"message": item.message, "name": item.filename, "size": item.size, "sha256": item.sha256,
             "kind": item.kind.value}
            for item in delivery.attachments
        ],
        "links": [
            {"name": link.name, "key": link.key, "size": link.size, "sha256": link.sha256,
             "expires_at": format_utc(link.expires_at) if link.expires_at else None}
            for link in _links(delivery)
        ],
        "messages": [
            {"composed_at": format_utc(item.at), "situation": item.situation, "text": item.text}
            for item in account.messages
        ],
        "events": [{"at": format_utc(item.at), "what": _event(item)} for item in account.events],
        "findings": [
            {"code": item.code, "path": item.path, "message": item.message, "waived": waived}
            for waived, found in ((False, delivery.findings), (True, account.waived))
            for item in found
        ],
    }  # fmt: skip


def _summary(account: Account, now: datetime) -> Iterator[tuple[str, str]]:
    delivery, record = account.delivery, account.record
    yield "Delivery", record.id
    if record.order:
        yield "Order", printable(record.order)
    if record.revision_of:
        yield "Revision of", record.revision_of
    yield "Platform", delivery.plan.profile.title or record.platform
    yield "Name of the work", printable(record.name)
    yield "Made ready", _moment(record.created_at)
    exact = f" ({record.size:,} bytes)" if record.size >= 1000 else ""
    yield "Content", f"{counted(record.files, 'file')}, {format_size(record.size)}{exact}"
    if record.method is Method.ATTACH:
        several = f"{record.messages} messages" if record.messages > 1 else "one message"
        yield "Way", f"{counted(len(delivery.attachments), 'attachment')} in {several}"
    else:
        yield "Way", counted(len(delivery.links), "download link")
        if end := record.until(record.expires_at):
            yield "Links work until" if end > now else "Links worked until", _moment(end)
    yield f"State on {now:%Y-%m-%d}", _STATES[record.state]


def _timeline(account: Account) -> Iterator[tuple[str, ...]]:
    files = counted(account.record.files, "file")
    lines = [(account.record.created_at, f"Made ready: {files}, and the message composed")]
    lines += [(item.at, _event(item)) for item in account.events]
    lines += [
        (item.at, f"Message composed: {_what(item.situation)}")
        for item in account.messages
        if item.situation != "delivery"
    ]
    for at, what in sorted(lines, key=lambda line: line[0].replace(microsecond=0)):  # what came later is kept so
        yield _moment(at), what


def _files(delivery: Delivery) -> Table:
    rows = ((printable(item.arcname), f"{item.size:,}", item.sha256 or "", item.media_type) for item in delivery.files)
    return Table(("File", "Bytes", "SHA-256", "Type"), rows, frozenset({2}))


def _ways(account: Account) -> Iterator[Block]:
    delivery = account.delivery
    if delivery.attachments:
        yield Table(
            ("Message", "Attachment", "Bytes", "SHA-256"),
            [
                (str(item.message), printable(item.filename), f"{item.size:,}", item.sha256)
                for item in delivery.attachments
            ],
            frozenset({3}),
        )
    if delivery.links:
        yield Table(
            ("Link", "Object", "Bytes", "SHA-256", "Works until"),
            [
                (
                    printable(link.name),
                    printable(link.key),
                    f"{link.size:,}",
                    link.sha256,
                    _moment(end) if end else "not known",
                )
                for link in _links(delivery)
                for end in (account.record.until(link.expires_at),)
            ],
            frozenset({1, 3}),
        )
    if delivery.plan.reasons:  # in words for the seller, such as "you asked for a link"
        yield Paragraph(
            f"Why this way, as it was told to the seller: {'; '.join(map(printable, delivery.plan.reasons))}"
        )


def _checks(account: Account) -> Iterator[tuple[str, ...]]:
    for decision, found in (("noted", account.delivery.findings), ("allowed by the seller", account.waived)):
        for item in found:
            yield item.code, printable(item.path), printable(item.message), decision


def _about(account: Account, now: datetime) -> str:
    return (
        f"Written {_moment(now)} by delivery {account.tool_version} from the record that it keeps on the seller's"
        " computer. Times are that computer's clock. A SHA-256 is a checksum: the same file always gives the same one,"
        " and any change gives another. The record says what was made ready, checked and composed; the platform's own"
        " log shows what was sent there and opened."
    )


def _links(delivery: Delivery) -> Iterator[Link]:
    yield from delivery.links
    if delivery.page is not None:
        yield delivery.page


def _what(situation: str) -> str:
    kind, _, reply = situation.partition(": ")
    if kind == "reply":
        return f"answer ({reply.replace('-', ' ')})"
    known = {"delivery": "with the delivery", "again": "the delivery's message again", "renewed": "with new links",
             "earlier": "with the delivery as it was before"}  # fmt: skip
    return known.get(situation, situation)


def _event(event: Event) -> str:
    if event.kind == "renewed":
        until = json.loads(event.detail).get("until")
        end = f", working until {_moment(datetime.fromtimestamp(until, UTC))}" if until else ""
        return f"Links renewed{end}"
    if event.kind == "made again":
        before = _moment(datetime.fromtimestamp(json.loads(event.detail)["before"], UTC))
        return f"Delivered again under the same name, before that at {before}"
    return {
        "revoked": "Links revoked: the files removed from the store",
        "pruned": "Objects removed from the store",
    }.get(event.kind, event.kind)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
