"""The contract of a store. Every store keeps it; ``tests/contract`` runs one suite against all of them.

Retries: every method retries by itself what may pass (timeouts, resets, 5xx, SlowDown) with jitter, within the budget
of :class:`Watch`, and wakes at once when the token is cancelled. Nothing is retried that a second try cannot mend. A
store that asks to slow down is obeyed by all who share the watch.

Errors: StoreRefusedError when the store says no, StoreUnreachableError when the budget is spent, IntegrityError when
the store reports that bytes arrived damaged, Cancelled. A message never holds a url, a key id or a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol, Self

from delivery.model import StoredObject
from delivery.storage.watch import Watch

TAG = "delivery-tag"
"""The metadata that tells our own object from another under the same key."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """How one kind of store differs from the others: data, read from ``profiles.toml``."""

    title: str
    presign_cap: timedelta | None = timedelta(days=7)
    """The longest life that it signs; None when nobody states one."""
    region: str | None = None
    """The region to sign for when the configuration names none."""
    endpoint: str | None = None
    """How its endpoints look, for hints."""
    endpoint_needed: bool = True
    addressing: Literal["virtual", "path"] = "path"
    checksum: Literal["crc32", "none"] = "none"
    """``crc32``: keeps a full-object CRC32 that it verifies, parts included."""
    signed_payload: bool = True
    """Refuses a payload whose SHA-256 is not the signed one."""
    md5_etags: bool = False
    """ETags are the MD5 of the bytes, and the AWS form for objects made of parts."""
    metadata: bool = True
    """Keeps the disposition and type of an object. Where not, both are signed into the link."""
    conditional_put: bool = False
    """``If-None-Match: *`` refuses to overwrite, ``If-Match`` to overwrite another than was read."""
    quoted_etags: bool = True
    """Wants the ETag of ``If-Match`` in quotes, as HTTP has it; where not, it compares the bare text."""
    multipart: bool = True
    """Parts make sense; where not, one stream in order is quicker and lighter."""
    max_object: int = 48 * 1024**4 + 819 * 1024**3
    max_put: int = 5 * 1024**3
    versions: bool = True
    """May keep old versions of an object, which a removal must remove too."""
    settings: bool = True
    """Has settings for the bucket as a whole: lifecycle, encryption, public access."""


class ObjectHeaders(NamedTuple):
    """What the store is to say of an object when it is fetched."""

    media_type: str
    disposition: str
    cache_control: str = ""


class Body(Protocol):
    """Bytes to send. ``blocks`` starts over each time it is called, for the retry of a request."""

    @property
    def size(self) -> int: ...

    def blocks(self) -> Iterator[memoryview]: ...

    def sha256(self) -> str | None:
        """Hex of all bytes when it is known before they are sent, for the signature; else None."""
        ...


@dataclass(frozen=True, slots=True)
class RemotePart:
    """One S3 part that the store holds."""

    number: int
    size: int
    etag: str
    sent_at: datetime | None = field(default=None, compare=False)


class PendingUpload(NamedTuple):
    """A multipart upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    begun_at: datetime


class ObjectFacts(NamedTuple):
    """What a store says of one object."""

    stored: StoredObject
    media_type: str
    disposition: str
    metadata: dict[str, str]
    age: timedelta | None = None
    """Since it was stored, by the store's own clock; None where it does not say."""
    removed_at: datetime | None = None
    """When the store itself removes it, by a rule of the bucket, where it tells."""

    @property
    def etag(self) -> str:
        return self.stored.etag


class KeyLife(NamedTuple):
    """How long the credentials that sign live. Permanent ones have no end; temporary ones may not tell theirs."""

    temporary: bool
    ends_at: datetime | None = None


BucketSetting = Literal["lifecycle", "encryption", "cors", "versioning", "public_access"]


class Store(Protocol):
    """One bucket of one store."""

    @property
    def name(self) -> str: ...

    @property
    def quirks(self) -> Quirks: ...

    @property
    def bucket(self) -> str: ...

    @property
    def prefix(self) -> str:
        """What the configuration wants in front of every key: empty, or ending in ``/``."""
        ...

    @property
    def identity(self) -> str:
        """Tells this bucket from every other, without a secret; journals are bound to it."""
        ...

    @property
    def on_this_machine(self) -> bool:
        """Links work for this machine alone."""
        ...

    @property
    def notice(self) -> str:
        """What the seller must know of its links, or empty."""
        ...

    def watched(self, watch: Watch) -> Self:
        """The same store, reporting to and cancelled by ``watch``."""
        ...

    def ensure_ready(self) -> None:
        """Raise unless the bucket is there and the keys may use it."""
        ...

    def put(
        self,
        key: str,
        body: Body,
        headers: ObjectHeaders,
        *,
        metadata: dict[str, str],
        new: bool = False,
        over: str | None = None,
    ) -> str:
        """Store ``body`` in one request; the ETag. ``new``: refuse to overwrite; ``over``: refuse unless what is there
        has this ETag; both where the store can (see ``conditional_put``)."""
        ...

    def begin(self, key: str, headers: ObjectHeaders, *, metadata: dict[str, str]) -> str:
        """Begin an upload in parts; its id."""
        ...

    def put_part(self, key: str, upload_id: str, number: int, body: Body, *, crc32: int | None = None) -> str:
        """Store one part (numbers start at 1; sending one again replaces it); its ETag."""
        ...

    def parts(self, key: str, upload_id: str) -> Iterator[RemotePart] | None:
        """What the store holds of an upload, every page of it; None when it knows no such upload."""
        ...

    def complete(
        self,
        key: str,
        upload_id: str,
        parts: Sequence[RemotePart],
        *,
        tag: str,
        crcs: Sequence[int] = (),
        crc32: int | None = None,
    ) -> None:
        """Make the object. A lost answer is settled by its size and ``tag`` (see ``TAG``), never guessed."""
        ...

    def abort(self, key: str, upload_id: str) -> None:
        """Give the parts up; one that is gone already is no error."""
        ...

    def pending(self, prefix: str) -> Iterator[PendingUpload]:
        """Uploads under ``prefix`` that were never completed."""
        ...

    def look(self, key: str) -> ObjectFacts | None:
        """What is stored under ``key``, or None."""
        ...

    def read(self, key: str) -> Iterator[bytes]:
        """All bytes, each piece good on its own; a connection that breaks is gone on with where it broke."""
        ...

    def copy(self, source: StoredObject, key: str, headers: ObjectHeaders, *, metadata: dict[str, str]) -> None:
        """A second object with the same bytes, made inside the store: only while ``source`` has its ETag."""
        ...

    def copy_part(self, source: StoredObject, start: int, size: int, key: str, upload_id: str, number: int) -> str:
        """``size`` bytes of ``source`` as one S3 part, in the same way; its ETag."""
        ...

    def keys(self, prefix: str) -> Iterator[tuple[StoredObject, datetime]]:
        """Every object under ``prefix`` with the time of its last change."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects, all their versions too. Keys that are gone already are no error.

        A version that may not be removed is hidden, which ends the links to it, and that is noted.
        """
        ...

    def presign(self, key: str, expires_in: timedelta, headers: ObjectHeaders | None = None) -> str:
        """A GET link, signed here without asking the store. ``headers`` are signed in where the store keeps none."""
        ...

    def configuration(self, what: BucketSetting) -> dict[str, Any] | None:
        """How the bucket is set up; None when nothing is. Raises StoreRefusedError when the key may
        not ask or the store knows no such thing."""
        ...

    def set_lifecycle(self, rules: Sequence[dict[str, Any]]) -> None:
        """Replace all lifecycle rules of the bucket."""
        ...

    def key_life(self) -> KeyLife:
        """Of the credentials that would sign a link now."""
        ...

    @property
    def signed_by(self) -> str:
        """The profile whose key signs links, where another identity uploads; else empty."""
        ...
