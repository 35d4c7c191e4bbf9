"""The nouns of a delivery: frozen data, no behaviour beyond what follows from the data itself.

Sizes are bytes, times are aware UTC datetimes, arcnames are POSIX paths in Unicode NFC.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from delivery.errors import UsageError
from delivery.profile import Profile


class Severity(StrEnum):
    """How much a finding matters: errors block, warnings only with ``strict``."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Via(StrEnum):
    """How the user wants it handed over."""

    AUTO = "auto"
    ATTACH = "attach"
    LINK = "link"


class Method(StrEnum):
    """How a plan hands it over."""

    ATTACH = "attach"
    LINK = "link"


PROOF_ROWS = 300
"""So many files a proof sheet names; of more it only tells how many they are."""


class PartKind(StrEnum):
    """What a part is: a file as it is, a zip that opens alone, a slice of a file, or one that explains the others."""

    AS_IS = "as-is"
    ARCHIVE = "archive"
    VOLUME = "volume"
    JOINER = "joiner"
    MANIFEST = "manifest"
    PROOF = "proof"


class Readable(Protocol):
    """What a stream must do: give some bytes, at most ``size``, and none at its end; block until there are some."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One regular file of the deliverable, as it was when it was looked at.

    :meth:`from_bytes` and :meth:`from_stream` make one from what is no file; give it to a verb beside paths.
    """

    path: str
    """Where its bytes are read from."""
    arcname: str
    """Its path inside the deliverable."""
    size: int
    mtime_ns: int
    mode: int = 0o644
    media_type: str = "application/octet-stream"
    sha256: str | None = None
    """Lower-case hex; None until something has read the whole file."""
    original: str | None = None
    """The path that the source had, where ``arcname`` had to be mended to survive every system."""
    content: bytes | Readable | None = field(default=None, repr=False, compare=False)
    """Bytes or a stream in place of a file at ``path``, until they have been kept or sent."""
    known_size: bool = True
    """False for a stream whose ``size`` (0 until then) is known at its end only."""

    @classmethod
    def from_bytes(cls, name: str, data: bytes | bytearray | memoryview, *, mtime: datetime | None = None) -> FileEntry:
        """``data`` as a file called ``name``, which may have folders in front: ``tables/report.csv``.

        ``mtime`` is its time of last change, now by default.
        """
        try:
            held = bytes(memoryview(data))  # bytes(5) would be five of them
        except TypeError:
            kind = type(data).__name__
            raise UsageError(
                f"{kind} is not bytes", hint="text becomes some by .encode()", code="input-content"
            ) from None
        return cls("", name, len(held), _ns(mtime), content=held)

    @classmethod
    def from_stream(
        cls, name: str, stream: Readable, *, size: int | None = None, mtime: datetime | None = None
    ) -> FileEntry:
        """What ``stream``, a binary file or anything else that reads, gives up to its end, as a file called ``name``.

        It is read once and not closed. With a ``size`` in bytes, a stream that ends before or goes on is an error.
        """
        return cls("", name, size or 0, _ns(mtime), content=stream, known_size=size is not None)

    @property
    def is_empty(self) -> bool:
        return self.size == 0 and self.known_size


class LeftOut(NamedTuple):
    """A path that intake met and did not take, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Deliverable:
    """What is about to be delivered."""

    name: str
    entries: tuple[FileEntry, ...]
    left_out: tuple[LeftOut, ...] = ()
    folders: tuple[str, ...] = ()
    """The folders that were walked, absolute: nothing of ours may be written into them."""

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the deliverable that the seller should know before the buyer does."""

    code: str
    severity: Severity
    path: str
    """The arcname, or the empty string when it is about the whole."""
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to attach or to upload, as planned."""

    index: int
    """From 1, over the whole plan."""
    total: int
    filename: str
    kind: PartKind
    members: tuple[FileEntry, ...]
    size: int
    """Bytes; an upper bound for an archive until it is made."""
    message: int = 1
    """The message that carries it, from 1."""
    offset: int = 0
    """For a volume: where its slice starts in its only member."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, decided from sizes and limits alone."""

    deliverable: Deliverable
    profile: Profile
    method: Method
    parts: tuple[Part, ...]
    messages: int
    """How many messages the attachments need."""
    reasons: tuple[str, ...]
    """Why this way, for the seller, most important first."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A finished file that lies ready to attach."""

    message: int
    path: str
    size: int
    sha256: str
    kind: PartKind
    members: tuple[str, ...] = ()
    """The arcnames that it carries."""
    offset: int = 0

    @property
    def filename(self) -> str:
        return self.path.replace("\\", "/").rpartition("/")[2]


class StoredObject(NamedTuple):
    """An object in a store, as the store reports it."""

    key: str
    size: int
    checksum: str | None = None
    """A full-object checksum that the store vouches for (``sha256:...``, ``crc64nvme:...``), never an ETag."""
    etag: str = ""
    """What tells these bytes from others that may come under the same key; empty where the store says nothing."""


@dataclass(frozen=True, slots=True)
class Link:
    """A presigned link. The url is a bearer secret: kept out of repr, logs and the ledger."""

    name: str
    key: str
    size: int
    sha256: str
    expires_at: datetime | None
    """None: unknown, because the credentials that signed it may end earlier."""
    url: str = field(repr=False)
    effective_reason: str = ""
    """Why it ends when it does, where that is not simply what was asked for."""
    members: tuple[str, ...] = ()
    etag: str = ""
    """That of the object which was linked; see :class:`StoredObject`."""


@dataclass(frozen=True, slots=True)
class ManifestPlace:
    """Where the manifest lies, and its link where it was uploaded."""

    path: str | None = None
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was done, whole: the answer of the verbs of the library."""

    id: str
    created_at: datetime
    plan: Plan
    files: tuple[FileEntry, ...]
    """The delivered files with their digests."""
    findings: tuple[Finding, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    links: tuple[Link, ...] = ()
    page: Link | None = None
    manifest: ManifestPlace = ManifestPlace()
    messages: tuple[str, ...] = field(default=(), repr=False)
    """Ready to paste, in order. They hold the links, so they stay out of repr."""
    out: str | None = None
    order: str | None = None
    language: str = "en"
    store: str | None = None
    prefix: str | None = None
    expires_at: datetime | None = None
    dry_run: bool = False
    notes: tuple[str, ...] = ()
    """What the seller should be told beside the findings: where links are valid, what to configure."""

    @property
    def method(self) -> Method:
        return self.plan.method


def first_end(links: Iterable[Link]) -> datetime | None:
    """Up to when all of them live; None where nobody knows, or where there are none."""
    ends = [link.expires_at for link in links]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None


def no_moment(given: object) -> UsageError:
    return UsageError(
        f"{given!r} is no moment", hint="give a datetime, such as datetime.now(), or nothing", code="not-a-moment"
    )


def _ns(moment: datetime | None) -> int:
    if moment is None:
        return time.time_ns()
    if not isinstance(moment, datetime):
        raise no_moment(moment)
    return int(moment.timestamp() * 1_000_000_000)
