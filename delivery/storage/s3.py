"""Any S3-compatible store. Always SigV4 for an explicit region with explicit addressing.

boto3 resolves credentials and speaks the small requests; the bytes of objects go by :mod:`delivery.storage.carry`,
because boto3 reads bodies in small pieces, hashes them on its own and cannot be cancelled.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import botocore.exceptions

from delivery.errors import StoreRefusedError
from delivery.model import StoredObject
from delivery.storage import faults
from delivery.storage.base import TAG, Body, ObjectFacts, ObjectHeaders, PendingUpload, Quirks, RemotePart
from delivery.storage.bucket import Bucket
from delivery.storage.carry import Carrier
from delivery.storage.faults import ObjectGoneError
from delivery.storage.retry import pause
from delivery.storage.translate import code_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class S3Store(Bucket):
    """The objects of one bucket, of the contract :class:`~delivery.storage.base.Store`.

    Build it with :func:`~delivery.storage.connect.connect`.
    """

    quirks: Quirks
    identity: str
    carrier: Carrier = dataclasses.field(repr=False)
    on_this_machine: bool = False
    notice: str = ""

    # -- asking ------------------------------------------------------------------------------------------------

    def begin(self, key: str, headers: ObjectHeaders, *, metadata: dict[str, str]) -> str:
        more: dict[str, Any] = _headers(headers)
        if self.quirks.checksum == "crc32":
            more |= {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
        tries = 0

        def call() -> Mapping[str, Any]:
            nonlocal tries
            tries += 1
            return self.client.create_multipart_upload(Bucket=self.bucket, Key=key, Metadata=metadata, **more)

        upload_id = str(self.ask("beginning an upload", call)["UploadId"])
        if tries > 1:
            self._abort_others(key, upload_id)
        return upload_id

    def _abort_others(self, key: str, upload_id: str) -> None:
        """A first try may have begun an upload too, and only its answer was lost: nobody knows that one."""
        try:
            others = [item for item in self.pending(key) if item.key == key and item.upload_id != upload_id]
        except StoreRefusedError:
            return  # a key that may not list; the lifecycle rule clears them
        for item in others:
            self.abort(key, item.upload_id)

    def parts(self, key: str, upload_id: str) -> Iterator[RemotePart] | None:
        try:
            pages = [
                row
                for page in self.pages(
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
                if code_of(error) != "NoSuchUpload" or not self._is_ours(key, size, tag):
                    raise

        self.ask("completing an upload", ask)

    def _is_ours(self, key: str, size: int, tag: str) -> bool:
        found = self.look(key)
        return found is not None and found.stored.size == size and found.metadata.get(TAG) == tag

    def abort(self, key: str, upload_id: str) -> None:
        def ask() -> None:
            try:
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)
            except botocore.exceptions.ClientError as error:
                if code_of(error) not in ("NoSuchUpload", "404"):
                    raise

        self.ask("giving up an upload", ask)

    def pending(self, prefix: str) -> Iterator[PendingUpload]:
        pages = self.pages("listing unfinished uploads", "list_multipart_uploads", Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            for row in page.get("Uploads", []):
                yield PendingUpload(row["Key"], row["UploadId"], row["Initiated"])

    def look(self, key: str) -> ObjectFacts | None:
        more: dict[str, Any] = {"ChecksumMode": "ENABLED"} if self.quirks.checksum != "none" else {}
        try:
            row = self.ask(
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
        position, fruitless = start, 0
        while True:
            answer = self.ask(
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
                broke = faults.lost("the connection broke")
                fruitless = fruitless + 1 if position == begun else 0
                if fruitless >= self.watch.attempts:
                    raise self.translator.error(broke, "reading back") from error
                if fruitless:
                    self.watch.cancel.wait(pause(fruitless, broke, None, chance=1))

    def keys(self, prefix: str) -> Iterator[tuple[StoredObject, datetime]]:
        for page in self.pages("listing", "list_objects_v2", Bucket=self.bucket, Prefix=prefix):
            for row in page.get("Contents", []):
                yield StoredObject(row["Key"], row["Size"]), row["LastModified"]

    # -- changing ----------------------------------------------------------------------------------------------

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
        sent = {"Content-Type": headers.media_type, "Content-Disposition": headers.disposition}
        if headers.cache_control:
            sent["Cache-Control"] = headers.cache_control
        sent |= {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        if new and self.quirks.conditional_put:
            sent["If-None-Match"] = "*"
        if over and self.quirks.conditional_put:
            sent["If-Match"] = f'"{over}"' if self.quirks.quoted_etags else over
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
        self.ask(
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
                self.ask(
                    "removing an object",
                    lambda key=key, more=more: self.client.delete_object(Bucket=self.bucket, Key=key, **more),  # type: ignore[misc]
                )

    def _versions(self, key: str) -> list[str | None]:
        """Versions and delete markers to remove; ``[None]`` where the store keeps no versions."""
        if not self.quirks.versions:
            return [None]
        found: list[str | None] = []
        try:
            for page in self.pages("listing versions", "list_object_versions", Bucket=self.bucket, Prefix=key):
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
        with self.translator.told("signing a link"):
            seconds = int(expires_in.total_seconds())
            client = self.signer.client if self.signer else self.client
            return str(client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds))

    def _carry(self, doing: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], body: Body) -> str:
        return self.carrier.put(
            key,
            query,
            headers,
            body,
            doing=doing,
            signed=self.quirks.signed_payload,
            translator=self.translator,
            watch=self.watch,
        )


def _headers(headers: ObjectHeaders) -> dict[str, Any]:
    told = {"ContentType": headers.media_type, "ContentDisposition": headers.disposition}
    return told | ({"CacheControl": headers.cache_control} if headers.cache_control else {})


def _crc_text(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4, "big")).decode()
