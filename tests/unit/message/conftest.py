"""Deliveries to write about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from delivery.model import Attachment, Deliverable, Delivery, FileEntry, Link, Method, PartKind, Plan
from delivery.profile import Profile

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
URL = (
    "https://deliveries.s3.eu-central-1.amazonaws.com/d/{0}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=EXAMPLE%2F20261122&X-Amz-Date=20261122T100000Z&X-Amz-Expires=604800&X-Amz-Signature=" + "a1" * 32
)


def entry(name: str, size: int = 1000, original: str | None = None) -> FileEntry:
    return FileEntry(f"/src/{name}", name, size, 0, sha256="a" * 64, original=original)


def attachment(
    name: str, kind: PartKind, message: int = 1, size: int = 1000, members: tuple[str, ...] = ()
) -> Attachment:
    return Attachment(message, f"/out/{name}", size, "b" * 64, kind, members)


def link(name: str, size: int = 1000, days: float | None = 7) -> Link:
    end = None if days is None else NOW + timedelta(days=days)
    return Link(name, f"d/{name}", size, "c" * 64, end, URL.format(name))


def deliver(**given: Any) -> Delivery:
    """A delivery of one logo to Fiverr, with what is given in place."""
    profile = given.pop("profile", Profile("fiverr", "Fiverr", marketplace=True, message_chars=2500))
    files = given.pop("files", (entry("logo.png", 3_100_000),))
    method = given.pop("method", Method.LINK if given.get("links") or given.get("page") else Method.ATTACH)
    plan = Plan(Deliverable("work", files), profile, method, (), given.pop("messages_needed", 1), ())
    if method is Method.ATTACH:
        given.setdefault("attachments", (attachment("logo.png", PartKind.AS_IS, size=3_100_000),))
    return Delivery("20261122-abcd", NOW, plan, files, **given)


@pytest.fixture
def make() -> Callable[..., Delivery]:
    return deliver


@pytest.fixture
def situations() -> dict[str, Delivery]:
    """One delivery for each way that a plan can take."""
    film = (entry("film.mov", 3_600_000_000),)
    two = (entry("logo.png", 3_100_000), entry("brand/guide.pdf", 12_345_678, "brand/gu:ide.pdf"))
    proof = (attachment("work-overview.png", PartKind.PROOF),)
    volumes = (
        *(attachment(f"film.mov.{n:03}", PartKind.VOLUME, 1 + n // 3, 900_000_000, ("film.mov",)) for n in range(1, 5)),
        attachment("JOIN.html", PartKind.JOINER, 2, 40_000),
    )
    archives = (
        attachment("work-1.zip", PartKind.ARCHIVE, 1, 9_000_000),
        attachment("work-2.zip", PartKind.ARCHIVE, 2, 6_000_000),
        attachment("SHA256SUMS", PartKind.MANIFEST, 3),
    )
    many = tuple(attachment(f"photo-{n:02}.jpg", PartKind.AS_IS) for n in range(1, 41))
    return {
        "one-file": deliver(),
        "with-order": deliver(order="FO42B7", files=two),
        "archives-in-three": deliver(files=two, attachments=archives, messages_needed=3),
        "volumes-in-two": deliver(files=film, attachments=volumes, messages_needed=2),
        "forty-files": deliver(files=tuple(entry(f"photo-{n:02}.jpg") for n in range(1, 41)), attachments=many),
        "one-link": deliver(files=two, links=(link("work.zip", 15_445_678),), attachments=proof),
        "two-links": deliver(files=two, links=(link("a.zip"), link("b.zip", days=6.5)), attachments=proof),
        "page": deliver(files=two, links=(link("a.zip"), link("b.zip")), page=link("index.html"), attachments=proof),
        "end-unknown": deliver(files=two, links=(link("a.zip", days=None),), attachments=proof),
    }
