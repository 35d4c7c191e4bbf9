"""Requests to one bucket: signed with SigV4 and sent, a stall of the network heard by who cancels."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from delivery.progress import CancelToken
from delivery.storage.answers import Answer, error_code
from delivery.storage.base import Body
from delivery.storage.sigv4 import EMPTY, UNSIGNED, Credentials, presigned, signed, url_of
from delivery.storage.stream import Stream
from delivery.storage.wire import Wire

NOT_S3 = "NotS3"
PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--|<!doctype|<html|[^<\s])", re.IGNORECASE)
"""How the page of a console, a login or an error begins, or what is no XML at all."""
_REGION = re.compile(rb"<Region>([a-z0-9-]{1,40})</Region>")
_SAYS_WHY = frozenset({400, 403, 404, 405})
"""With these S3 tells its reason; a page that comes with them is somebody else's."""
_DONE = frozenset({200, 204, 206})
_NOTHING: Mapping[str, str] = {}


class Refusal(Exception):
    """The store's answer is not the one that was hoped for. The text holds nothing of the request."""

    def __init__(self, status: int, code: str, headers: Mapping[str, str] = _NOTHING) -> None:
        super().__init__(f"{status} {code}".strip())
        self.status = status
        self.code = code
        """The store's own, or empty."""
        self.headers = headers

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
        code, region = error_code(body), _REGION.search(body)
        if region:
            headers = {"x-amz-bucket-region": region[1].decode(), **headers}
        if code:
            return cls(status, code, headers)
        return cls(status, NOT_S3 if status in _SAYS_WHY and PAGE.match(body) else "", headers)


class Text(NamedTuple):
    """A body short enough to be kept."""

    data: bytes = b""

    @property
    def size(self) -> int:
        return len(self.data)

    def blocks(self) -> Iterator[memoryview]:
        yield memoryview(self.data)

    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Carrier:
    """Asks one bucket, each request once: those who ask know whether to try again."""

    wire: Wire = field(repr=False)
    base: str
    """Scheme, host and the path in front of a key."""
    region: str
    credentials: Credentials = field(repr=False)

    def send(
        self,
        method: str,
        key: str,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        body: Body | None = None,
        *,
        cancel: CancelToken,
        proven: bool = True,
    ) -> Answer:
        """The store's answer about ``key``, or about the bucket where that is empty. ``proven``: the body's digest is
        signed too, if it is known. Raises Refusal, LostConnection, and what the credentials and the body raise."""
        payload = EMPTY if body is None else (body.sha256() if proven else None) or UNSIGNED
        target, sent = self._signed(method, key, query, headers, payload)
        answer = self.wire.send(method, target, sent, body, cancel)
        if answer.status not in _DONE:
            raise Refusal.of(answer.status, answer.headers, answer.body)
        return answer

    @contextmanager
    def stream(self, key: str, headers: Mapping[str, str], cancel: CancelToken) -> Iterator[Stream]:
        """The bytes of the object, to be read as they come. Raises as :meth:`send` does."""
        target, sent = self._signed("GET", key, {}, headers, EMPTY)
        with self.wire.stream(target, sent, cancel) as stream:
            if stream.status not in _DONE:
                raise Refusal.of(stream.status, stream.headers, stream.beginning(4096))
            yield stream

    def link(self, key: str, query: Mapping[str, str], seconds: int, credentials: Credentials) -> str:
        return presigned(self._address(key), query, credentials.keys(), self.region, seconds)

    def _signed(
        self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], payload: str
    ) -> tuple[str, dict[str, str]]:
        address = self._address(key)
        sent = signed(method, address, query, headers, payload, self.credentials.keys(), self.region)
        parts = urlsplit(url_of(address, query))
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), sent

    def _address(self, key: str) -> str:
        return f"{self.base}{quote(key, safe='/~')}" if key else self.base.removesuffix("/")
