"""Any S3-compatible store. The sole importer of boto3 and botocore.

Always SigV4 for an explicit region with explicit addressing. boto3 resolves credentials and speaks the small requests;
the bytes of objects go over :mod:`delivery.storage.wire`, signed here, because boto3 reads bodies in small pieces,
hashes them on its own and cannot be cancelled.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.exceptions
import botocore.httpsession
import botocore.session
from botocore.config import Config

from delivery.errors import DeliveryError, StoreRefusedError, StoreUnreachableError
from delivery.escape import printable
from delivery.model import StoredObject
from delivery.options import StoreOptions
from delivery.storage import faults
from delivery.storage.base import (
    TAG,
    Body,
    BucketSetting,
    KeyLife,
    ObjectFacts,
    ObjectHeaders,
    PendingUpload,
    Quirks,
    RemotePart,
    Watch,
)
from delivery.storage.faults import Fault, ObjectGoneError
from delivery.storage.retry import Failed, persist
from delivery.storage.wire import LOOPBACK, Answer, LostConnection, Wire

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_Result = TypeVar("_Result")
_UNSIGNED = "UNSIGNED-PAYLOAD"
_MOST_SKEW = timedelta(minutes=5)


def carried_authorities() -> str:
    """The bundle of certificate authorities that comes with botocore."""
    return str(botocore.httpsession.get_cert_path(True))


class _Signature(botocore.auth.S3SigV4Auth):
    """SigV4 over a payload whose digest is known beforehand or is left out."""

    def __init__(self, credentials: Any, region: str, payload: str) -> None:
        super().__init__(credentials, "s3", region)
        self._payload = payload

    def payload(self, request: Any) -> str:
        return self._payload


@dataclasses.dataclass(frozen=True)
class S3Store:
    """One bucket. Build it with :func:`connect`; the contract is :class:`~delivery.storage.base.Store`."""

    name: str
    quirks: Quirks
    bucket: str
    prefix: str
    identity: str
    region: str
    client: S3Client = dataclasses.field(repr=False)
    credentials: Any = dataclasses.field(repr=False)
    wire: Wire = dataclasses.field(repr=False)
    base: str = dataclasses.field(repr=False)
    """Scheme, host and the path in front of a key."""
    watch: Watch = dataclasses.field(default_factory=Watch, repr=False)
    on_this_machine: bool = False
    notice: str = ""

    def watched(self, watch: Watch) -> Self:
        return dataclasses.replace(self, watch=watch)

    # -- asking ------------------------------------------------------------------------------------------------

    def ensure_ready(self) -> None:
        def ask() -> None:
            try:
                self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
            except botocore.exceptions.ClientError as error:
                # A key that may put and get but not list is fine for deliveries.
                if _code(error) != "AccessDenied" or not self._may_head():
                    raise

        self._ask("reaching the store", ask)

    def _may_head(self) -> bool:
        try:
            self.client.head_bucket(Bucket=self.bucket)
        except botocore.exceptions.ClientError:
            return False
        return True

    def begin(self, key: str, headers: ObjectHeaders, *, metadata: dict[str, str]) -> str:
        more: dict[str, Any] = _headers(headers)
        if self.quirks.checksum == "crc32":
            more |= {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
        answer = self._ask(
            "beginning an upload",
            lambda: self.client.create_multipart_upload(Bucket=self.bucket, Key=key, Metadata=metadata, **more),
        )
        return str(answer["UploadId"])

    def parts(self, key: str, upload_id: str) -> Iterator[RemotePart] | None:
        try:
            pages = [
                row
                for page in self._pages(
                    "asking for the parts sent", "list_parts", Bucket=self.bucket, Key=key, UploadId=upload_id
                )
                for row in page.get("Parts", [])
            ]
        except ObjectGoneError:
            return None
        return iter([RemotePart(row["PartNumber"], row["Size"], row["ETag"].strip('"')) for row in pages])

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
        size = sum(part.size for part in parts)
        rows: list[Any] = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        more: dict[str, Any] = {}
        if self.quirks.checksum == "crc32" and crc32 is not None:
            for row, crc in zip(rows, crcs, strict=True):
                row["ChecksumCRC32"] = _crc_text(crc)
            more = {"ChecksumCRC32": _crc_text(crc32), "ChecksumType": "FULL_OBJECT"}

        def ask() -> None:
            try:
                self.client.complete_multipart_upload(
                    Bucket=self.bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": rows}, **more
                )
            except botocore.exceptions.ClientError as error:
                # An earlier try may have succeeded with its answer lost; then the upload is unknown by now.
                if _code(error) != "NoSuchUpload" or not self._is_ours(key, size, tag):
                    raise

        self._ask("completing an upload", ask)

    def _is_ours(self, key: str, size: int, tag: str) -> bool:
        found = self.look(key)
        return found is not None and found.stored.size == size and found.metadata.get(TAG) == tag

    def abort(self, key: str, upload_id: str) -> None:
        def ask() -> None:
            try:
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)
            except botocore.exceptions.ClientError as error:
                if _code(error) not in ("NoSuchUpload", "404"):
                    raise

        self._ask("giving up an upload", ask)

    def pending(self, prefix: str) -> Iterator[PendingUpload]:
        pages = self._pages("listing unfinished uploads", "list_multipart_uploads", Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            for row in page.get("Uploads", []):
                yield PendingUpload(row["Key"], row["UploadId"], row["Initiated"])

    def look(self, key: str) -> ObjectFacts | None:
        more: dict[str, Any] = {"ChecksumMode": "ENABLED"} if self.quirks.checksum != "none" else {}
        try:
            row = self._ask(
                "looking at what is stored", lambda: self.client.head_object(Bucket=self.bucket, Key=key, **more)
            )
        except ObjectGoneError:
            return None
        checksum = row.get("ChecksumCRC32")
        full = checksum is not None and row.get("ChecksumType") == "FULL_OBJECT"
        stored = StoredObject(key, row["ContentLength"], f"crc32:{checksum}" if full else None)
        return ObjectFacts(
            stored,
            row["ETag"].strip('"'),
            row.get("ContentType", ""),
            row.get("ContentDisposition", ""),
            {name.lower(): value for name, value in row.get("Metadata", {}).items()},
        )

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        position = start
        while True:
            answer = self._ask(
                "reading back",
                functools.partial(
                    self.client.get_object,
                    Bucket=self.bucket,
                    Key=key,
                    Range=f"bytes={position}-{'' if end is None else end - 1}",
                ),
            )
            begun = position
            try:
                for block in answer["Body"].iter_chunks(1024 * 1024):
                    self.watch.cancel.check()
                    position += len(block)
                    yield block
                return
            except (botocore.exceptions.BotoCoreError, OSError) as error:
                if position == begun:
                    raise self._error(faults.lost("the connection broke"), "reading back") from error

    def keys(self, prefix: str) -> Iterator[tuple[StoredObject, datetime]]:
        for page in self._pages("listing", "list_objects_v2", Bucket=self.bucket, Prefix=prefix):
            for row in page.get("Contents", []):
                yield StoredObject(row["Key"], row["Size"]), row["LastModified"]

    # -- changing ----------------------------------------------------------------------------------------------

    def put(self, key: str, body: Body, headers: ObjectHeaders, *, metadata: dict[str, str], new: bool = False) -> str:
        sent = {"Content-Type": headers.media_type, "Content-Disposition": headers.disposition}
        if headers.cache_control:
            sent["Cache-Control"] = headers.cache_control
        sent |= {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        if new and self.quirks.conditional_put:
            sent["If-None-Match"] = "*"
        return self._carry("sending", key, {}, sent, body)

    def put_part(self, key: str, upload_id: str, number: int, body: Body, *, crc32: int | None = None) -> str:
        sent = {"Content-Type": "application/octet-stream"}
        if crc32 is not None and self.quirks.checksum == "crc32":
            sent["x-amz-checksum-crc32"] = _crc_text(crc32)
        return self._carry(
            f"sending part {number}", key, {"partNumber": str(number), "uploadId": upload_id}, sent, body
        )

    def copy(self, source: str, key: str, headers: ObjectHeaders, *, metadata: dict[str, str]) -> None:
        more: dict[str, Any] = _headers(headers)
        self._ask(
            "copying inside the store",
            lambda: self.client.copy_object(
                Bucket=self.bucket,
                Key=key,
                CopySource={"Bucket": self.bucket, "Key": source},
                Metadata=metadata,
                MetadataDirective="REPLACE",
                **more,
            ),
        )

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            for version in self._versions(key):
                more: dict[str, Any] = {} if version is None else {"VersionId": version}
                self._ask(
                    "removing an object",
                    lambda key=key, more=more: self.client.delete_object(Bucket=self.bucket, Key=key, **more),  # type: ignore[misc]
                )

    def _versions(self, key: str) -> list[str | None]:
        """Versions and delete markers to remove; ``[None]`` where the store keeps no versions."""
        if not self.quirks.versions:
            return [None]
        found: list[str | None] = []
        try:
            for page in self._pages("listing versions", "list_object_versions", Bucket=self.bucket, Prefix=key):
                rows = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                found += [row["VersionId"] for row in rows if row["Key"] == key]
        except StoreRefusedError:
            return [None]
        return found or [None]

    # -- links -------------------------------------------------------------------------------------------------

    def presign(self, key: str, expires_in: timedelta, headers: ObjectHeaders | None = None) -> str:
        wanted: dict[str, Any] = {"Bucket": self.bucket, "Key": key}
        if headers is not None and not self.quirks.metadata:
            wanted |= {
                "ResponseContentDisposition": headers.disposition,
                "ResponseContentType": headers.media_type,
            }
        with self._translated("signing a link"):
            seconds = int(expires_in.total_seconds())
            return str(self.client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds))

    def configuration(self, what: BucketSetting) -> dict[str, Any] | None:
        operation, absent = _SETTINGS[what]

        def ask() -> dict[str, Any] | None:
            try:
                answer: dict[str, Any] = getattr(self.client, operation)(Bucket=self.bucket)
            except botocore.exceptions.ClientError as error:
                if _code(error) == absent:
                    return None
                raise
            answer.pop("ResponseMetadata", None)
            return answer or None

        return self._ask("asking how the bucket is set up", ask)

    def set_lifecycle(self, rules: Sequence[dict[str, Any]]) -> None:
        wanted: Any = {"Rules": list(rules)}
        self._ask(
            "setting the lifecycle rule",
            lambda: self.client.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration=wanted),
        )

    def key_life(self) -> KeyLife:
        with self._translated("asking for credentials"):
            frozen = self.credentials.get_frozen_credentials()
        # Only credentials that refresh themselves know their end, and botocore tells it nowhere else.
        ends_at = getattr(self.credentials, "_expiry_time", None)
        if ends_at is not None:
            return KeyLife(True, ends_at.astimezone(UTC))
        return KeyLife(bool(frozen.token))

    # -- the ways to ask ---------------------------------------------------------------------------------------

    def _ask(self, doing: str, call: Callable[[], _Result]) -> _Result:
        def attempt() -> _Result:
            try:
                with self._translated(doing):
                    return call()
            except _Passing as passing:
                raise Failed(passing.fault, self._error(passing.fault, doing, passing.answer)) from passing.__cause__

        return persist(attempt, self.watch)

    def _pages(self, doing: str, operation: Any, **wanted: Any) -> Iterator[Any]:
        pages = iter(self.client.get_paginator(operation).paginate(**wanted))
        end: Any = object()
        while (page := self._ask(doing, lambda: next(pages, end))) is not end:
            yield page

    def _carry(self, doing: str, key: str, query: Mapping[str, str], headers: dict[str, str], body: Body) -> str:
        target = f"{self.base}{quote(key, safe='/~-._')}" + (f"?{urlencode(query)}" if query else "")

        def attempt() -> str:
            try:
                answer = self._send("PUT", target, headers, body)
            except LostConnection as error:
                fault = faults.lost(str(error))
                raise Failed(fault, self._error(fault, doing)) from error
            etag = answer.headers.get("etag", "").strip('"')
            if answer.status == 200 and etag:
                return etag
            code = _xml_code(answer.body)
            fault = self._read_fault(answer.status, code, answer.headers)
            raise Failed(fault, self._error(fault, doing, code), after=_seconds(answer.headers.get("retry-after")))

        return persist(attempt, self.watch)

    def _send(self, method: str, url: str, headers: dict[str, str], body: Body) -> Answer:
        payload = (body.sha256() if self.quirks.signed_payload else None) or _UNSIGNED
        request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=dict(headers))
        with self._translated("asking for credentials"):
            frozen = self.credentials.get_frozen_credentials()
        _Signature(frozen, self.region, payload).add_auth(request)
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.wire.send(method, target, dict(request.headers.items()), body, self.watch.cancel)

    # -- errors ------------------------------------------------------------------------------------------------

    def _error(self, fault: Fault, doing: str, answer: str = "") -> DeliveryError:
        return faults.as_error(fault, store=self.name, bucket=self.bucket, doing=doing, answer=answer)

    def _read_fault(self, status: int, code: str, headers: Mapping[str, str]) -> Fault:
        """Some stores call a wrong clock a denied access: their Date header tells."""
        if status in (400, 403) and code in ("AccessDenied", "SignatureDoesNotMatch", "") and _skewed(headers):
            code = "RequestTimeTooSkewed"
        return faults.of_answer(status, code)

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """botocore's exceptions as ours; what another try may mend leaves as ``_Passing``."""
        try:
            yield
        except botocore.exceptions.ClientError as error:
            details = error.response.get("ResponseMetadata", {})
            code = _code(error)
            status = details.get("HTTPStatusCode", 0)
            fault = self._read_fault(status, "" if code.isdecimal() else code, details.get("HTTPHeaders", {}))
            if fault.passing:
                raise _Passing(fault, code) from error
            raise self._error(fault, doing, code) from error
        except botocore.exceptions.NoCredentialsError as error:
            raise no_credentials(self.name) from error
        except botocore.exceptions.SSLError as error:
            raise StoreUnreachableError(
                f"{doing}: the store's TLS certificate was not accepted",
                hint="check the endpoint; behind an inspecting proxy set AWS_CA_BUNDLE to its certificate",
                code="store-tls",
            ) from error
        except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
            words = _LOST.get(type(error), "the connection broke")
            raise _Passing(faults.lost(words)) from error
        except botocore.exceptions.ParamValidationError as error:
            raise StoreRefusedError(
                f"{doing}: the bucket or key is not one that S3 allows", hint=f"check bucket in [store:{self.name}]"
            ) from error
        except botocore.exceptions.BotoCoreError as error:
            raise StoreRefusedError(
                f"the credentials for the store could not be had ({type(error).__name__})",
                hint="sign in again, or check aws_profile and the AWS configuration",
                code="credentials",
            ) from error


_SETTINGS: dict[BucketSetting, tuple[str, str]] = {
    "lifecycle": ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    "encryption": ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    "cors": ("get_bucket_cors", "NoSuchCORSConfiguration"),
    "versioning": ("get_bucket_versioning", ""),
    "public_access": ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
}
"""The operation that asks, and the code that means "nothing is set"."""


class _Passing(Exception):
    """A failure that another try may mend."""

    def __init__(self, fault: Fault, answer: str = "") -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.answer = answer


_LOST = {
    botocore.exceptions.EndpointConnectionError: "the store cannot be reached; check the endpoint and the network",
    botocore.exceptions.ConnectTimeoutError: "the store did not answer in time",
    botocore.exceptions.ReadTimeoutError: "the store did not answer in time",
    botocore.exceptions.ProxyConnectionError: "the proxy cannot be reached",
}


def no_credentials(name: str) -> StoreRefusedError:
    return StoreRefusedError(
        f"no credentials were found for the store {name}",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws_profile in "
        f"[store:{name}], or sign in with the AWS tools",
        code="credentials-missing",
    )


def connect(
    name: str, options: StoreOptions, quirks: Quirks, *, attempts: int = 6, machine: bool = False, notice: str = ""
) -> S3Store:
    """The store that ``options`` describe; nothing is sent yet. Raises StoreRefusedError without credentials."""
    assert options.bucket is not None
    region = options.region or quirks.region or "us-east-1"
    addressing = options.addressing or ("path" if "." in options.bucket else quirks.addressing)
    try:
        session = boto3.Session(
            botocore_session=_ignoring_the_users_files() if quirks.name == "embedded" else None,
            aws_access_key_id=options.access_key_id,
            aws_secret_access_key=options.secret_access_key,
            aws_session_token=options.session_token,
            profile_name=options.aws_profile,
        )
        credentials = session.get_credentials()
    except botocore.exceptions.ProfileNotFound as error:
        raise StoreRefusedError(
            f"the AWS profile {printable(str(error.kwargs.get('profile')))} was not found",
            hint=f"check aws_profile in [store:{name}] and the variable AWS_PROFILE",
            code="credentials-missing",
        ) from error
    except botocore.exceptions.BotoCoreError as error:
        raise StoreRefusedError(
            f"the credentials for the store {name} could not be had ({type(error).__name__})",
            hint="give access_key_id and secret_access_key together, or check the AWS configuration",
            code="credentials",
        ) from error
    if credentials is None:
        raise no_credentials(name)
    client = session.client(
        "s3",
        endpoint_url=options.endpoint,
        region_name=region,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": addressing, "payload_signing_enabled": quirks.signed_payload},  # type: ignore[arg-type]
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=10,
            proxies={} if urlsplit(options.endpoint or "").hostname in LOOPBACK else None,
            read_timeout=60,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    sample = client.generate_presigned_url("get_object", Params={"Bucket": options.bucket, "Key": "k"})
    base = sample.partition("?")[0].removesuffix("k")
    parts = urlsplit(base)
    return S3Store(
        name=name,
        quirks=dataclasses.replace(quirks, presign_cap=options.presign_cap or quirks.presign_cap),
        bucket=options.bucket,
        prefix=f"{options.prefix.strip('/')}/" if options.prefix.strip("/") else "",
        identity=base,
        region=region,
        client=client,
        credentials=credentials,
        wire=Wire(f"{parts.scheme}://{parts.netloc}"),
        base=base,
        watch=Watch(attempts=attempts),
        on_this_machine=machine,
        notice=notice,
    )


def _ignoring_the_users_files() -> botocore.session.Session:
    """For the embedded store, which a broken ~/.aws or a stray AWS_PROFILE must not disturb."""
    nothing = {"profile": (None, None, None, None)}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={**nothing, **files})


def _headers(headers: ObjectHeaders) -> dict[str, Any]:
    told = {"ContentType": headers.media_type, "ContentDisposition": headers.disposition}
    return told | ({"CacheControl": headers.cache_control} if headers.cache_control else {})


def _code(error: botocore.exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _xml_code(body: bytes) -> str:
    found = re.search(rb"<Code>([A-Za-z0-9_.-]{1,80})</Code>", body)
    return found[1].decode() if found else ""


def _crc_text(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdecimal() else None


def _skewed(headers: Mapping[str, str]) -> bool:
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return False
    return abs(datetime.now(UTC) - theirs) > _MOST_SKEW
