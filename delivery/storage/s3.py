"""The objects of any S3-compatible store. Always SigV4 for an explicit region with explicit addressing.

The requests are this library's own: boto3 takes longer to load than a small file to send, reads bodies in small pieces,
hashes them on its own, and cannot be cancelled while it waits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote
from xml.etree.ElementTree import Element

from delivery.errors import StoreRefusedError, StoreUnreachableError
from delivery.memory import read_buffer
from delivery.model import StoredObject
from delivery.storage import faults
from delivery.storage.answers import Answer, bare_etag, crc_text, removed_at, whole_number
from delivery.storage.base import TAG, Body, ObjectFacts, ObjectHeaders, PendingUpload, Quirks, RemotePart
from delivery.storage.bucket import OBJECTS, PARTS, UPLOADS, Bucket
from delivery.storage.carry import Refusal, Text
from delivery.storage.dial import LostConnection
from delivery.storage.documents import age_of, document, etag_of, key_of, moment, number, parts_document, told
from delivery.storage.faults import ObjectGoneError
from delivery.storage.removal import remove
from delivery.storage.retry import pause
from delivery.storage.stream import Stream

_READ = 1024**2
_METADATA = "x-amz-meta-"
_UNKNOWN_UPLOAD = ("NoSuchUpload", "")


@dataclasses.dataclass(frozen=True, kw_only=True)
class S3Store(Bucket):
    """The objects of one bucket, of the contract :class:`~delivery.storage.base.Store`.

    Build it with :func:`~delivery.storage.connect.connect`.
    """

    quirks: Quirks
    identity: str
    on_this_machine: bool = False
    notice: str = ""

    # -- asking ------------------------------------------------------------------------------------------------

    def begin(self, key: str, headers: ObjectHeaders, *, metadata: dict[str, str]) -> str:
        sent = _told(headers, metadata)
        if self.quirks.checksum == "crc32":
            sent |= {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT"}
        tries = 0

        def ask() -> str:
            nonlocal tries
            tries += 1
            return told(document(self.request("POST", key, {"uploads": ""}, sent, Text())), "UploadId")

        upload_id = self.ask("beginning an upload", ask)
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
        def read(page: Element) -> Iterator[RemotePart]:
            for row in page.iterfind("Part"):
                sent_at = moment(row, "LastModified")
                yield RemotePart(number(row, "PartNumber"), number(row, "Size"), etag_of(row), sent_at)

        try:
            return iter(list(self.listed("asking for the parts sent", PARTS, read, key, uploadId=upload_id)))
        except ObjectGoneError:
            return None

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
        checked = self.quirks.checksum == "crc32" and crc32 is not None
        sent = {"Content-Type": "application/xml"}
        if checked and crc32 is not None:
            sent |= {"x-amz-checksum-crc32": crc_text(crc32), "x-amz-checksum-type": "FULL_OBJECT"}
        body = Text(parts_document(parts, [crc_text(crc) for crc in crcs] if checked else ()))

        def ask() -> None:
            answer = self.request("POST", key, {"uploadId": upload_id}, sent, body)
            if answer.body.strip() or not self._is_ours(key, size, tag):  # some say nothing where all is well
                document(answer)

        try:
            self.ask("completing an upload", ask)
        except (StoreRefusedError, StoreUnreachableError):
            # A try may have succeeded with its answer lost; what stores say to the next one differs.
            if not self._is_ours(key, size, tag):
                raise

    def _is_ours(self, key: str, size: int, tag: str) -> bool:
        """False too where the store does not say."""
        try:
            found = self.look(key)
        except (StoreRefusedError, StoreUnreachableError):
            return False
        return found is not None and found.stored.size == size and found.metadata.get(TAG) == tag

    def abort(self, key: str, upload_id: str) -> None:
        def ask() -> None:
            try:
                self.request("DELETE", key, {"uploadId": upload_id})
            except Refusal as refusal:
                if refusal.status != 404 or refusal.code not in _UNKNOWN_UPLOAD:
                    raise

        self.ask("giving up an upload", ask)

    def pending(self, prefix: str) -> Iterator[PendingUpload]:
        def read(page: Element) -> Iterator[PendingUpload]:
            for row in page.iterfind("Upload"):
                key = told(row, "Key")
                if key.startswith(prefix):  # not all stores heed it, and what is listed may be removed
                    yield PendingUpload(key, told(row, "UploadId"), moment(row, "Initiated"))

        return self.listed("listing unfinished uploads", UPLOADS, read, prefix=prefix)

    def look(self, key: str) -> ObjectFacts | None:
        asked = {"x-amz-checksum-mode": "ENABLED"} if self.quirks.checksum != "none" else {}
        try:
            return self.ask("looking at what is stored", lambda: _facts(key, self.request("HEAD", key, {}, asked)))
        except ObjectGoneError:
            return None

    def read(self, key: str) -> Iterator[bytes]:
        position = fruitless = 0
        buffer = read_buffer(_READ)
        while True:
            begun = position
            try:
                with ExitStack() as opened:
                    stream = self.ask("reading back", partial(self._opened, opened, key, position))
                    while count := stream.readinto(buffer):
                        position += count
                        yield bytes(buffer[:count])
                return
            except LostConnection as error:
                broke = faults.lost(str(error))
                fruitless = fruitless + 1 if position == begun else 0
                if fruitless >= self.watch.attempts:
                    raise self.translator.error(broke, "reading back") from error
                if fruitless:
                    self.watch.cancel.wait(pause(fruitless, broke, None, chance=1))

    def _opened(self, opened: ExitStack, key: str, start: int) -> Stream:
        stream = opened.enter_context(self.carrier.stream(key, {"Range": f"bytes={start}-"}, self.watch.cancel))
        if start and not stream.headers.get("content-range", "").startswith(f"bytes {start}-"):
            raise Refusal(501, "NotImplemented")  # it sends all from the first byte
        return stream

    def keys(self, prefix: str) -> Iterator[tuple[StoredObject, datetime]]:
        def read(page: Element) -> Iterator[tuple[StoredObject, datetime]]:
            for row in page.iterfind("Contents"):
                key = key_of(row, page)
                if key.startswith(prefix):  # as above
                    yield StoredObject(key, number(row, "Size")), moment(row, "LastModified")

        return self.listed("listing", OBJECTS, read, prefix=prefix)

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
        sent = _told(headers, metadata)
        if new and self.quirks.conditional_put:
            sent["If-None-Match"] = "*"
        if over and self.quirks.conditional_put:
            sent["If-Match"] = f'"{over}"' if self.quirks.quoted_etags else over
        return self._carry("sending", key, {}, sent, body)

    def put_part(self, key: str, upload_id: str, number: int, body: Body, *, crc32: int | None = None) -> str:
        sent = {"Content-Type": "application/octet-stream"}
        if crc32 is not None and self.quirks.checksum == "crc32":
            sent["x-amz-checksum-crc32"] = crc_text(crc32)
        return self._carry(
            f"sending part {number}", key, {"partNumber": str(number), "uploadId": upload_id}, sent, body
        )

    def _carry(self, doing: str, key: str, query: dict[str, str], headers: dict[str, str], body: Body) -> str:
        def ask() -> str:
            answer = self.request("PUT", key, query, headers, body, proven=self.quirks.signed_payload)
            etag = bare_etag(answer.headers.get("etag", ""))
            if answer.status != 200 or not etag:
                raise Refusal.of(answer.status, answer.headers, answer.body)
            return etag

        return self.ask(doing, ask)

    def copy(self, source: StoredObject, key: str, headers: ObjectHeaders, *, metadata: dict[str, str]) -> None:
        sent = _told(headers, metadata) | self._from(source) | {"x-amz-metadata-directive": "REPLACE"}
        if self._copied(key, {}, sent) is None:  # some say nothing, and some of them have put an empty object
            made = self.look(key)
            if made is None or made.stored.size != source.size:
                raise _no_copy()

    def copy_part(self, source: StoredObject, start: int, size: int, key: str, upload_id: str, number: int) -> str:
        sent = self._from(source) | {"x-amz-copy-source-range": f"bytes={start}-{start + size - 1}"}
        result = self._copied(key, {"partNumber": str(number), "uploadId": upload_id}, sent)
        if result is None:  # it has taken the empty body for the part
            raise _no_copy()
        return etag_of(result)

    def _from(self, source: StoredObject) -> dict[str, str]:
        bucket = f"{self.bucket}/object" if self.bucket.startswith("arn:") else self.bucket
        place, etag = quote(f"{bucket}/{source.key}", safe="/~"), f'"{source.etag}"'
        return {"x-amz-copy-source": place, "x-amz-copy-source-if-match": etag}

    def _copied(self, key: str, query: dict[str, str], headers: dict[str, str]) -> Element | None:
        """What the store says of a copy that it has made; None where it says nothing."""

        def ask() -> Element | None:
            answer = self.request("PUT", key, query, headers, Text())
            return document(answer) if answer.body.strip() else None

        return self.ask("copying inside the store", ask)

    def delete(self, keys: Sequence[str]) -> None:
        remove(self, keys, versions=self.quirks.versions)

    # -- links -------------------------------------------------------------------------------------------------

    def presign(self, key: str, expires_in: timedelta, headers: ObjectHeaders | None = None) -> str:
        query: dict[str, str] = {}
        if headers is not None and not self.quirks.metadata:
            query = {
                "response-content-disposition": headers.disposition,
                "response-content-type": headers.media_type,
            }
        credentials = self.signer.credentials if self.signer else self.carrier.credentials
        with self.translator.told("signing a link"):
            return self.carrier.link(key, query, int(expires_in.total_seconds()), credentials)


def _no_copy() -> StoreRefusedError:
    return StoreRefusedError("copying inside the store: the store does not copy", hint="upload it instead")


def _told(headers: ObjectHeaders, metadata: dict[str, str]) -> dict[str, str]:
    sent = {"Content-Type": headers.media_type, "Content-Disposition": headers.disposition}
    if headers.cache_control:
        sent["Cache-Control"] = headers.cache_control
    return sent | {f"{_METADATA}{name}": value for name, value in metadata.items()}


def _facts(key: str, answer: Answer) -> ObjectFacts:
    headers = answer.headers
    size, checksum = whole_number(headers.get("content-length", "")), headers.get("x-amz-checksum-crc32")
    if size is None:
        raise Refusal(answer.status, "", headers)
    full = checksum is not None and headers.get("x-amz-checksum-type") == "FULL_OBJECT"
    return ObjectFacts(
        StoredObject(key, size, f"crc32:{checksum}" if full else None, bare_etag(headers.get("etag", ""))),
        headers.get("content-type", ""),
        headers.get("content-disposition", ""),
        {name.removeprefix(_METADATA): value for name, value in headers.items() if name.startswith(_METADATA)},
        age_of(headers),
        removed_at(headers),
    )
