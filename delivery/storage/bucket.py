"""One bucket as boto3 speaks to it: whether it can be reached, how it is set up, and requests that are tried again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any, Self, TypeVar

import botocore.exceptions

from delivery.errors import StoreRefusedError
from delivery.storage.base import BucketSetting, KeyLife
from delivery.storage.retry import Failed, persist
from delivery.storage.translate import Passing, Translator, code_of
from delivery.storage.watch import Watch

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_Result = TypeVar("_Result")
_SETTINGS: dict[BucketSetting, tuple[str, str]] = {
    "lifecycle": ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    "encryption": ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    "cors": ("get_bucket_cors", "NoSuchCORSConfiguration"),
    "versioning": ("get_bucket_versioning", ""),
    "public_access": ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
}
"""The operation that asks, and the code that means "nothing is set"."""
_GOES_ON = {
    "list_parts": {"PartNumberMarker": "NextPartNumberMarker"},
    "list_multipart_uploads": {"KeyMarker": "NextKeyMarker", "UploadIdMarker": "NextUploadIdMarker"},
    "list_objects_v2": {"ContinuationToken": "NextContinuationToken"},
    "list_object_versions": {"KeyMarker": "NextKeyMarker", "VersionIdMarker": "NextVersionIdMarker"},
}
"""What the next page is asked with, and where the last one says it."""


@dataclasses.dataclass(frozen=True)
class Signer:
    """An identity that signs links and does nothing else."""

    profile: str
    client: S3Client = dataclasses.field(repr=False)
    credentials: Any = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket, the client that asks for it and the credentials that it is asked with."""

    name: str
    """Of the store."""
    bucket: str
    prefix: str
    client: S3Client = dataclasses.field(repr=False)
    credentials: Any = dataclasses.field(repr=False)
    signer: Signer | None = None
    """Who signs links, where that is not who asks."""
    watch: Watch = dataclasses.field(default_factory=Watch, repr=False)

    def watched(self, watch: Watch) -> Self:
        return dataclasses.replace(self, watch=watch)

    def ensure_ready(self) -> None:
        def ask() -> None:
            try:
                self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
            except botocore.exceptions.ClientError as error:
                # A key that may put and get but not list is fine for deliveries.
                if code_of(error) != "AccessDenied" or not self._may_head():
                    raise

        self.ask("reaching the store", ask)

    def _may_head(self) -> bool:
        try:
            self.client.head_bucket(Bucket=self.bucket)
        except botocore.exceptions.ClientError:
            return False
        return True

    def configuration(self, what: BucketSetting) -> dict[str, Any] | None:
        operation, absent = _SETTINGS[what]

        def ask() -> dict[str, Any] | None:
            try:
                answer: dict[str, Any] = getattr(self.client, operation)(Bucket=self.bucket)
            except botocore.exceptions.ClientError as error:
                if code_of(error) == absent:
                    return None
                raise
            answer.pop("ResponseMetadata", None)
            return answer or None

        return self.ask("asking how the bucket is set up", ask)

    def set_lifecycle(self, rules: Sequence[dict[str, Any]]) -> None:
        wanted: Any = {"Rules": list(rules)}
        self.ask(
            "setting the lifecycle rule",
            lambda: self.client.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration=wanted),
        )

    def key_life(self) -> KeyLife:
        credentials = self.signer.credentials if self.signer else self.credentials
        with self.translator.told("asking for credentials"):
            frozen = credentials.get_frozen_credentials()
        # Only credentials that refresh themselves know their end, and botocore tells it nowhere else.
        ends_at = getattr(credentials, "_expiry_time", None)
        if ends_at is not None:
            return KeyLife(True, ends_at.astimezone(UTC))
        return KeyLife(bool(frozen.token))

    @property
    def signed_by(self) -> str:
        return self.signer.profile if self.signer else ""

    @property
    def translator(self) -> Translator:
        return Translator(self.name, self.bucket)

    def ask(self, doing: str, call: Callable[[], _Result]) -> _Result:
        """What ``call`` returns, tried again while that may help; ``doing`` begins the sentence when it fails."""

        def attempt() -> _Result:
            try:
                with self.translator.translated(doing):
                    return call()
            except Passing as passing:
                error = self.translator.error(passing.fault, doing, passing.answer)
                raise Failed(passing.fault, error) from passing.__cause__

        return persist(attempt, self.watch)

    def pages(self, doing: str, operation: str, **wanted: Any) -> Iterator[dict[str, Any]]:
        """The pages of ``operation``, each asked for, and tried again, like a request of its own.

        boto3's paginator ends at the first failure, and would give a part of the list as if it were all.
        """
        call = getattr(self.client, operation)
        while True:
            asked = dict(wanted)
            page = self.ask(doing, lambda asked=asked: call(**asked))  # type: ignore[misc]
            yield page
            if not page.get("IsTruncated"):
                return
            wanted |= {given: page[found] for given, found in _GOES_ON[operation].items() if page.get(found)}
            if wanted == asked:
                raise StoreRefusedError(
                    f"{doing}: the store says that its list goes on, but not where",
                    hint="`delivery doctor` tries every step against this store",
                    code="store-list",
                )
