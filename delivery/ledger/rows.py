"""Deliveries as rows and back. Rows are made one at a time, so that 100,000 files take no second copy.

A text that is no valid Unicode (a stray byte of an old file system) is kept with that byte escaped.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from html import escape
from typing import Any

from delivery._version import __version__
from delivery.escape import decodable
from delivery.ledger.damage import checked
from delivery.model import (
    Attachment,
    Deliverable,
    Delivery,
    FileEntry,
    Finding,
    Link,
    ManifestPlace,
    Method,
    PartKind,
    Plan,
    Severity,
    first_end,
)
from delivery.profile import Limits, LinkPolicy, Profile, Source

_SIGNED = re.compile(r"https?://\S*[?&](?:X-Amz-|Signature=|AWSAccessKeyId=)\S*", re.IGNORECASE)

_FARTHEST = 2**63 - 1
"""SQLite's largest integer; a file may claim a time beyond it."""


def seconds(moment: datetime) -> int:
    """Whole seconds since 1970, cut, so that an end is never promised later than it is."""
    return int(moment.timestamp() // 1)


def from_seconds(value: int, microseconds: int = 0) -> datetime:
    return datetime.fromtimestamp(value, UTC).replace(microsecond=microseconds)


def without_urls(text: str, delivery: Delivery) -> str:
    """``text`` with ``{link:NAME}`` in place of every url of ``delivery``, the longest first."""
    named = [(link.url, link.name) for link in delivery.links if link.url]
    if delivery.page and delivery.page.url:
        named.append((delivery.page.url, "page"))
    if delivery.manifest.url:
        named.append((delivery.manifest.url, "manifest"))
    if delivery.plan.profile.markup == "html":
        named = [(escape(url), escape(name)) for url, name in named]
    for url, name in sorted(named, key=lambda pair: -len(pair[0])):
        text = text.replace(url, f"{{link:{name}}}")
    return decodable(_SIGNED.sub("{link}", text))


def delivery_row(
    delivery: Delivery, revision_of: str | None, situation: str | None = None, bucket: str | None = None
) -> dict[str, str | int | None]:
    """By column; new, so neither revoked nor pruned. Where links end apart, the first end is the delivery's."""
    links = [link for _, link in _links(delivery)]
    end = delivery.expires_at or first_end(links)
    row: dict[str, str | int | None] = {
        "id": delivery.id,
        "created_at": seconds(delivery.created_at),
        "created_us": delivery.created_at.microsecond,
        "name": delivery.plan.deliverable.name,
        "order_label": delivery.order,
        "platform": delivery.plan.profile.name,
        "method": delivery.method.value,
        "language": delivery.language,
        "store": delivery.store,
        "prefix": delivery.prefix,
        "out_folder": delivery.out,
        "manifest": delivery.manifest.path,
        "message_count": delivery.plan.messages,
        "file_count": len(delivery.files),
        "size": sum(entry.size for entry in delivery.files),
        "expires_at": None if end is None else seconds(end),
        "needed_until": max((seconds(link.expires_at) for link in links if link.expires_at), default=None),
        "revoked_at": None,
        "pruned_at": None,
        "revision_of": revision_of,
        "situation": situation,
        "bucket": bucket,
        "tool_version": __version__,
        "profile": profile_json(delivery.plan.profile),
        "reasons": _texts(delivery.plan.reasons),
        "notes": _texts(delivery.notes),
    }
    return {name: decodable(value) if isinstance(value, str) else value for name, value in row.items()}


def file_rows(n: int, delivery: Delivery) -> Iterator[tuple[Any, ...]]:
    for position, entry in enumerate(delivery.files):
        original = None if entry.original is None else decodable(entry.original)
        yield (
            n, position, decodable(entry.arcname), original, entry.size,
            max(-_FARTHEST, min(entry.mtime_ns, _FARTHEST)), entry.mode, decodable(entry.media_type),
            _digest(entry.sha256),
        )  # fmt: skip


def part_rows(n: int, delivery: Delivery) -> Iterator[tuple[Any, ...]]:
    position = 0
    for item in delivery.attachments:
        yield (
            n, position, "attachment", decodable(item.filename), decodable(item.path), item.kind.value, item.message,
            item.offset, item.size, _digest(item.sha256) or b"", None, "", "",
        )  # fmt: skip
        position += 1
    for role, link in _links(delivery):
        end = None if link.expires_at is None else seconds(link.expires_at)
        yield (
            n, position, role, decodable(link.name), decodable(link.key), None, None, None,
            link.size, _digest(link.sha256) or b"", end, decodable(link.effective_reason), link.etag,
        )  # fmt: skip
        position += 1


def member_rows(n: int, delivery: Delivery) -> Iterator[tuple[int, int, int, str]]:
    carried = [*(item.members for item in delivery.attachments), *(link.members for _, link in _links(delivery))]
    for part, members in enumerate(carried):
        for position, arcname in enumerate(members):
            yield n, part, position, decodable(arcname)


def finding_rows(n: int, delivery: Delivery, waived: Iterable[Finding]) -> Iterator[tuple[Any, ...]]:
    found = [*((item, 0) for item in delivery.findings), *((item, 1) for item in waived)]
    for position, (item, was_waived) in enumerate(found):
        yield (
            n, position, item.code, item.severity.value,
            decodable(item.path), decodable(item.message), decodable(item.hint), was_waived,
        )  # fmt: skip


@checked
def findings_from(db: sqlite3.Connection, n: int, *, waived: bool) -> tuple[Finding, ...]:
    query = "SELECT * FROM finding WHERE delivery = ? AND waived = ? ORDER BY position"
    return tuple(
        Finding(item["code"], Severity(item["severity"]), item["path"], item["message"], item["hint"])
        for item in db.execute(query, (n, int(waived)))
    )


def _texts(texts: Iterable[str]) -> str:
    return json.dumps([decodable(text) for text in texts], ensure_ascii=False)


def profile_json(profile: Profile) -> str:
    return json.dumps(dataclasses.asdict(profile), default=_plain, ensure_ascii=False)


@checked
def delivery_from(db: sqlite3.Connection, row: sqlite3.Row) -> Delivery:
    """The delivery of one row of the table, its links without urls."""
    n = row["n"]
    files = tuple(
        FileEntry(
            path="",
            arcname=item["arcname"],
            size=int(item["size"]),
            mtime_ns=item["mtime_ns"],
            mode=item["mode"],
            media_type=item["media_type"],
            sha256=None if item["sha256"] is None else item["sha256"].hex(),
            original=item["original"],
        )
        for item in db.execute("SELECT * FROM file WHERE delivery = ? ORDER BY position", (n,))
    )
    attachments: list[Attachment] = []
    links: list[Link] = []
    page: Link | None = None
    for item in db.execute("SELECT * FROM part WHERE delivery = ? ORDER BY position", (n,)).fetchall():
        members = tuple(
            member["arcname"]
            for member in db.execute(
                "SELECT arcname FROM member WHERE delivery = ? AND part = ? ORDER BY position", (n, item["position"])
            )
        )
        if item["role"] == "attachment":
            attachments.append(
                Attachment(
                    message=item["message"],
                    path=item["place"],
                    size=int(item["size"]),
                    sha256=item["sha256"].hex(),
                    kind=PartKind(item["kind"]),
                    members=members,
                    offset=item["part_offset"],
                )
            )
            continue
        link = Link(
            name=item["name"],
            key=item["place"],
            size=int(item["size"]),
            sha256=item["sha256"].hex(),
            expires_at=None if item["expires_at"] is None else from_seconds(item["expires_at"]),
            url="",
            effective_reason=item["reason"],
            members=members,
            etag=item["etag"],
        )
        if item["role"] == "page":
            page = link
        else:
            links.append(link)
    findings = findings_from(db, n, waived=False)
    texts = db.execute(
        "SELECT text FROM message WHERE delivery = ? AND situation = 'delivery' ORDER BY position", (n,)
    ).fetchall()
    plan = Plan(
        deliverable=Deliverable(row["name"], files),
        profile=_profile(json.loads(row["profile"])),
        method=Method(row["method"]),
        parts=(),
        messages=row["message_count"],
        reasons=tuple(json.loads(row["reasons"])),
    )
    return Delivery(
        id=row["id"],
        created_at=from_seconds(row["created_at"], row["created_us"]),
        plan=plan,
        files=files,
        findings=findings,
        attachments=tuple(attachments),
        links=tuple(links),
        page=page,
        manifest=ManifestPlace(row["manifest"]),
        messages=tuple(item["text"] for item in texts),
        out=row["out_folder"],
        order=row["order_label"],
        language=row["language"],
        store=row["store"],
        prefix=row["prefix"],
        expires_at=None if row["expires_at"] is None else from_seconds(row["expires_at"]),
        notes=tuple(json.loads(row["notes"])),
    )


def _profile(data: dict[str, Any]) -> Profile:
    """What a later or an earlier version kept besides is left aside."""
    known = {item.name for item in dataclasses.fields(Profile)}
    data = {name: value for name, value in data.items() if name in known}
    checked = data.get("checked_on")
    allowed = data.get("allowed_types")
    data |= {
        "limits": Limits(**data.get("limits", {})),
        "blocked_types": frozenset(data.get("blocked_types", ())),
        "allowed_types": None if allowed is None else frozenset(allowed),
        "link_policy": LinkPolicy(data.get("link_policy", LinkPolicy.UNKNOWN)),
        "sources": tuple(Source(**source) for source in data.get("sources", ())),
        "checked_on": None if checked is None else date.fromisoformat(checked),
    }
    return Profile(**data)


def _plain(value: object) -> object:
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the ledger")


def _links(delivery: Delivery) -> Iterator[tuple[str, Link]]:
    for link in delivery.links:
        yield "link", link
    if delivery.page:
        yield "page", delivery.page


def _digest(sha256: str | None) -> bytes | None:
    return None if sha256 is None else bytes.fromhex(sha256)
