"""One bucket: whether it can be reached, lists in pages, and requests that are tried again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from delivery.errors import StoreRefusedError
from delivery.storage import documents
from delivery.storage.answers import Answer
from delivery.storage.base import Body, BucketSetting, KeyLife
from delivery.storage.carry import NOT_S3, Carrier, Refusal
from delivery.storage.retry import persist
from delivery.storage.sigv4 import Credentials
from delivery.storage.translate import Translator
from delivery.storage.watch import Watch

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_Result = TypeVar("_Result")


class Listing(NamedTuple):
    """A list that comes in pages."""

    asked: Mapping[str, str]
    """What it is asked with."""
    goes_on: Mapping[str, str]
    """What the next page is asked with, and where the last one says it."""


OBJECTS = Listing(
    {"list-type": "2", "encoding-type": "url"},
    {"continuation-token": "NextContinuationToken"},
)
VERSIONS = Listing(
    {"versions": "", "encoding-type": "url"},
    {"key-marker": "NextKeyMarker", "version-id-marker": "NextVersionIdMarker"},
)
UPLOADS = Listing(
    {"uploads": ""},
    {"key-marker": "NextKeyMarker", "upload-id-marker": "NextUploadIdMarker"},
)
PARTS = Listing({}, {"part-number-marker": "NextPartNumberMarker"})
_ENCODED = "NextKeyMarker"
"""A key, and so encoded where keys are."""


class Signer(NamedTuple):
    """An identity that signs links and does nothing else."""

    profile: str
    credentials: Credentials


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket, and who carries requests to it."""

    name: str
    """Of the store."""
    bucket: str
    prefix: str
    carrier: Carrier = dataclasses.field(repr=False)
    boto3: Callable[[], S3Client] = dataclasses.field(repr=False)
    """boto3's client for the same bucket, for its settings; it takes longer to make than a small file to send."""
    signer: Signer | None = dataclasses.field(default=None, repr=False)
    """Who signs links, where that is not who asks."""
    watch: Watch = dataclasses.field(default_factory=Watch, repr=False)

    def watched(self, watch: Watch) -> Self:
        return dataclasses.replace(self, watch=watch)

    def ensure_ready(self) -> None:
        def ask() -> None:
            try:
                below = {"prefix": self.prefix} if self.prefix else {}
                answer = self.request("GET", query={**OBJECTS.asked, "max-keys": "1", **below})
                documents.document(answer)
            except Refusal as refusal:
                if refusal.status == 404 and not refusal.code:
                    raise Refusal(404, NOT_S3, refusal.headers) from refusal
                # A key that may put and get but not list is fine for deliveries.
                if refusal.code != "AccessDenied" or not self._may_head():
                    raise

        self.ask("reaching the store", ask)

    def _may_head(self) -> bool:
        try:
            self.request("HEAD")
        except Refusal:
            return False
        return True

    def configuration(self, what: BucketSetting) -> dict[str, Any] | None:
        from delivery.storage import setup

        return self.ask("asking how the bucket is set up", lambda: setup.setting(self.boto3, self.bucket, what))

    def set_lifecycle(self, rules: Sequence[dict[str, Any]]) -> None:
        from delivery.storage import setup

        self.ask("setting the lifecycle rule", lambda: setup.set_lifecycle(self.boto3, self.bucket, rules))

    def key_life(self) -> KeyLife:
        credentials = self.signer.credentials if self.signer else self.carrier.credentials
        with self.translator.told("asking for credentials"):
            token = credentials.keys().token
        ends_at = credentials.end()
        return KeyLife(True, ends_at.astimezone(UTC)) if ends_at else KeyLife(bool(token))

    @property
    def signed_by(self) -> str:
        return self.signer.profile if self.signer else ""

    @property
    def translator(self) -> Translator:
        return Translator(self.name, self.bucket)

    def ask(self, doing: str, call: Callable[[], _Result]) -> _Result:
        """What ``call`` returns, tried again while that may help; ``doing`` begins the sentence when it fails."""

        def attempt() -> _Result:
            with self.translator.translated(doing):
                return call()

        return persist(attempt, self.watch)

    def request(
        self,
        method: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        *,
        proven: bool = True,
    ) -> Answer:
        """One request, to be made inside :meth:`ask`. Raises what :meth:`Carrier.send` raises."""
        return self.carrier.send(method, key, query or {}, headers or {}, body, cancel=self.watch.cancel, proven=proven)

    def listed(
        self, doing: str, listing: Listing, read: Callable[[Element], Iterable[_Result]], key: str = "", **wanted: str
    ) -> Iterator[_Result]:
        """What ``read`` finds on each page, each asked for, and tried again, like a request of its own.

        Names in ``wanted`` have ``_`` for ``-``.
        """
        asked = {**listing.asked, **{name.replace("_", "-"): value for name, value in wanted.items() if value}}

        def turn() -> tuple[list[_Result], dict[str, str] | None]:
            page = documents.document(self.request("GET", key, asked))
            return list(read(page)), _marks(page, listing) if page.findtext("IsTruncated") == "true" else None

        while True:
            found, marks = self.ask(doing, turn)
            yield from found
            if marks is None:
                return
            before, asked = asked, asked | marks
            if asked == before:
                raise StoreRefusedError(
                    f"{doing}: the store says that its list goes on, but not where",
                    hint="`delivery doctor` tries every step against this store",
                    code="store-list",
                )


def _marks(page: Element, listing: Listing) -> dict[str, str]:
    """What the next page is asked with."""
    return {name: value for name, found in listing.goes_on.items() if (value := _mark(page, found))}


def _mark(page: Element, name: str) -> str:
    text = page.findtext(name) or ""
    return unquote_plus(text) if name == _ENCODED and page.findtext("EncodingType") == "url" else text
