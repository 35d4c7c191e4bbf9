"""The JSON documents that the commands print, and the schemas that they keep to.

A document is a mapping whose long lists are iterators, so that 100,000 files are written without a copy in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any, TextIO

from delivery.errors import DeliveryError, UsageError
from delivery.model import Attachment, Delivery, FileEntry, Finding, Link, Part, PartKind, Plan
from delivery.profile import Profile
from delivery.units import format_utc

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from delivery.fetching import Fetched
    from delivery.ledger import Record
    from delivery.message import LintFinding

Document = Mapping[str, Any]

SEND, CHECK, ERROR = "delivery.send/1", "delivery.check/1", "delivery.error/1"
REVOKE, PRUNE, DOCTOR = "delivery.revoke/1", "delivery.prune/1", "delivery.doctor/1"
REPLY, LINT, STATUS = "delivery.reply/1", "delivery.lint/1", "delivery.status/1"
VERIFY, LIST, PLATFORMS, STORE = "delivery.verify/1", "delivery.list/1", "delivery.platforms/1", "delivery.store/1"
FETCH = "delivery.fetch/1"


def send_document(delivery: Delivery) -> Document:
    """``delivery.send/1``: what `send`, `pack`, `upload` and `show` print."""
    attachments, plan = delivery.attachments, delivery.plan
    return {
        "schema": SEND,
        "id": delivery.id,
        "created_at": format_utc(delivery.created_at),
        "dry_run": delivery.dry_run,
        "platform": plan.profile.name,
        "method": delivery.method.value,
        "reasons": list(plan.reasons),
        "order": delivery.order,
        "language": delivery.language,
        "out": delivery.out,
        "store": delivery.store,
        "expires_at": _moment(delivery.expires_at),
        "findings": (_finding(finding) for finding in delivery.findings),
        "files": (_file(entry) for entry in delivery.files),
        **({"planned": (_planned(part) for part in plan.parts)} if delivery.dry_run else {}),
        "attachments": _to_attach(plan) if delivery.dry_run else (_attachment(item) for item in attachments),
        "links": (_link(link) for link in delivery.links),
        "page": delivery.page and {"url": delivery.page.url, "expires_at": _moment(delivery.page.expires_at)},
        "manifest": {"path": delivery.manifest.path, "url": delivery.manifest.url},
        "messages": list(delivery.messages),
        "notes": list(delivery.notes),
    }


def check_document(files: Iterable[FileEntry], findings: Iterable[Finding], platform: str) -> Document:
    """``delivery.check/1``."""
    return {
        "schema": CHECK,
        "platform": platform,
        "findings": (_finding(finding) for finding in findings),
        "files": (_file(entry) for entry in files),
    }


def error_document(error: DeliveryError, findings: Iterable[Finding] = ()) -> Document:
    """``delivery.error/1``; with the findings where they are what stopped the work."""
    return {
        "schema": ERROR,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "findings": (_finding(finding) for finding in findings),
    }


def verify_document(
    manifest: str, checked: int, joined: Iterable[str] = (), planned: Iterable[Document] | None = None
) -> Document:
    """``delivery.verify/1``: what `verify` and `join` print when all is as it was sent; with ``planned`` a dry run."""
    real = planned is None
    said = {"dry_run": not real, "place": manifest, "checked": checked, "complete": real, "joined": list(joined)}
    return {"schema": VERIFY, **said, **({} if planned is None else {"planned": list(planned)})}


def fetch_document(fetched: Fetched) -> Document:
    """``delivery.fetch/1``: every file that is here now, and whether it was here before."""
    planned = [{"path": file.path, "size": file.size} for file in fetched.planned]
    return {
        "schema": FETCH,
        "dry_run": fetched.dry_run,
        "out": fetched.out,
        "name": fetched.name,
        "verified": fetched.verified,
        "files": _fetched(fetched),
        "volumes_of": list(fetched.volumes_of),
        **({"planned": planned, "to_download": fetched.to_download} if fetched.dry_run else {}),
    }


def _fetched(fetched: Fetched) -> Iterator[dict[str, Any]]:
    for files, already in ((fetched.files, False), (fetched.already_there, True)):
        for file in files:
            yield {"path": file.path, "size": file.size, "sha256": file.sha256, "already_there": already}


def list_document(records: Iterable[Record]) -> Document:
    """``delivery.list/1``."""
    return {"schema": LIST, "deliveries": (_record(record) for record in records)}


def reply_document(situation: str, texts: Iterable[str], *, platform: str, language: str, id: str | None) -> Document:
    """``delivery.reply/1``."""
    return {
        "schema": REPLY,
        "situation": situation,
        "platform": platform,
        "language": language,
        "delivery": id,
        "messages": list(texts),
    }


def lint_document(found: Iterable[LintFinding], platform: str) -> Document:
    """``delivery.lint/1``: ``start`` and ``end`` count characters of the text from 0."""
    return {"schema": LINT, "platform": platform, "findings": (_linted(item) for item in found)}


def status_document(records: Iterable[Record], within: timedelta) -> Document:
    """``delivery.status/1``: the deliveries whose links end within ``within``, the next one first."""
    return {
        "schema": STATUS,
        "within_seconds": round(within.total_seconds()),
        "deliveries": (_record(record) for record in records),
    }


def _linted(item: LintFinding) -> dict[str, Any]:
    return {
        "code": item.code,
        "severity": item.severity.value,
        "start": item.start,
        "end": item.end,
        "found": item.found,
        "message": item.message,
        "suggestion": item.suggestion,
        "source": item.source,
    }


def platform_entry(profile: Profile) -> dict[str, Any]:
    """One profile, as `platforms --json` lists it."""
    limits = profile.limits
    return {
        "name": profile.name,
        "title": profile.title,
        "file_bytes": limits.file_bytes,
        "message_bytes": limits.message_bytes,
        "message_files": limits.message_files,
        "messages": limits.messages,
        "message_chars": profile.message_chars,
        "markup": profile.markup,
        "blocked_types": sorted(profile.blocked_types),
        "allowed_types": None if profile.allowed_types is None else sorted(profile.allowed_types),
        "marketplace": profile.marketplace,
        "link_policy": profile.link_policy.value,
        "note": profile.note,
        "sources": [{"address": source.address, "official": source.official} for source in profile.sources],
        "checked_on": profile.checked_on.isoformat() if profile.checked_on else None,
        "confirmed": profile.confirmed,
    }


def write(document: Document, stream: TextIO) -> None:
    """Write ``document`` as JSON, its top-level iterators item by item, and a line end."""
    for piece in pieces(document):
        stream.write(piece)


def pieces(document: Document) -> Iterator[str]:
    """The text of ``document`` as :func:`write` writes it, piece by piece."""
    separator = "{"
    for key, value in document.items():
        yield f"{separator}{json.dumps(key)}: "
        separator = ",\n "
        if isinstance(value, Iterator):
            yield "["
            lead = ""
            for item in value:
                yield f"{lead}{_json(item)}"
                lead = ",\n  "
            yield "]"
        else:
            yield _json(value)
    yield "}\n"


def _json(value: Any) -> str:
    """JSON in which no text holds ``##``, with which commands to some CI services begin; it reads as the same text."""
    return json.dumps(value).replace("##", "\\u0023\\u0023")


def as_dict(document: Document) -> dict[str, Any]:
    """The whole document in memory, for callers of the library."""
    return {key: list(value) if isinstance(value, Iterator) else value for key, value in document.items()}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document by its schema name, such as ``delivery.send/1``. Raises UsageError for another."""
    known = {
        f"delivery.{kind.replace('-', '/')}": file
        for file in resources.files("delivery.schemas").iterdir()
        if (kind := file.name.removesuffix(".json")) != file.name
    }
    if name not in known:
        raise UsageError(
            f"no document has the schema {name!r}", hint=f"one of {', '.join(sorted(known))}", code="unknown-schema"
        )
    loaded: dict[str, Any] = json.loads(known[name].read_text("utf-8"))
    return loaded


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "path": finding.path,
        "message": finding.message,
        "hint": finding.hint,
    }


def _file(entry: FileEntry) -> dict[str, Any]:
    return {
        "name": entry.arcname,
        "size": entry.size,
        "sha256": entry.sha256,
        "media_type": entry.media_type,
        **({"renamed_from": entry.original} if entry.original is not None else {}),
    }


def _attachment(item: Attachment) -> dict[str, Any]:
    return {
        "message": item.message,
        "path": item.path,
        "size": item.size,
        "sha256": item.sha256,
        "kind": item.kind.value,
    }


def _planned(part: Part) -> dict[str, Any]:
    """For a dry run, whether it would be attached or uploaded; a zip has at most this size."""
    return {
        "name": part.filename,
        "kind": part.kind.value,
        "size": part.size if all(entry.known_size for entry in part.members) else None,
        "members": [entry.arcname for entry in part.members],
    }


def _to_attach(plan: Plan) -> Iterator[dict[str, Any]]:
    """For a dry run: names instead of paths, planned sizes, no digests."""
    for part in plan.parts:
        if plan.method == "attach" or part.kind is PartKind.PROOF:
            size, kind = part.size, part.kind.value
            yield {"message": part.message, "path": part.filename, "size": size, "sha256": None, "kind": kind}


def _link(link: Link) -> dict[str, Any]:
    moment = _moment(link.expires_at)
    return {"name": link.name, "url": link.url, "size": link.size, "sha256": link.sha256, "expires_at": moment}


def _record(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "created_at": format_utc(record.created_at),
        "name": record.name,
        "platform": record.platform,
        "method": record.method.value,
        "state": record.state.value,
        "files": record.files,
        "size": record.size,
        "order": record.order,
        "expires_at": _moment(record.expires_at),
        "revision_of": record.revision_of,
    }


def _moment(end: datetime | None) -> str | None:
    return format_utc(end) if end else None
