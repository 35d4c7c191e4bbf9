"""What a server answers: whole, where it is short, or as a stream into memory that the caller owns."""

from __future__ import annotations

import http.client
import io
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from delivery.progress import CancelToken

STALL_SECONDS = 60.0
"""Without one byte moving for so long, the connection counts as lost."""
POLL_SECONDS = 0.2
"""So often a cancel is looked for while nothing moves."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_EXPIRY = re.compile(r'expiry-date="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)


def whole_number(text: str) -> int | None:
    """``text`` as the number of bytes that it tells; None for what no object can have."""
    return int(text) if _NUMBER.fullmatch(text) else None


def moment_of(text: str) -> datetime | None:
    """The time that a store tells, in the form of HTTP or of ISO 8601; one without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def removed_at(headers: Mapping[str, str]) -> datetime | None:
    """When a lifecycle rule of the bucket removes the object; None where the store tells of none."""
    found = _EXPIRY.search(headers.get("x-amz-expiration", ""))
    return moment_of(found[1]) if found else None


def bare_etag(text: str) -> str:
    """An ETag without its quotes, and without what a proxy that recompressed the answer puts before them."""
    return text.strip().removeprefix("W/").strip('"')


class PatientResponse(http.client.HTTPResponse):
    """Waits for its head and body in short turns, asks ``cancel`` between them, and gives up after a stall."""

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
        *,
        cancel: CancelToken,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = io.BufferedReader(_Patient(sock, self.fp, cancel), io.DEFAULT_BUFFER_SIZE)


class _Patient(io.RawIOBase):
    def __init__(self, sock: socket.socket, held: io.BufferedReader, cancel: CancelToken) -> None:
        self._sock = sock
        self._held = held
        """Keeps the socket open for as long as there is something to read, though its connection may be closed."""
        self._cancel = cancel
        sock.settimeout(POLL_SECONDS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        begun = time.monotonic()
        while True:
            self._cancel.check()
            try:
                return self._sock.recv_into(buffer)
            except TimeoutError:
                if time.monotonic() - begun > STALL_SECONDS:
                    raise

    def close(self) -> None:
        self._held.close()
        super().close()


class Stream:
    """An answer whose body is read into memory that the caller owns: no copies, memory flat, a cancel heard in a stall.

    ``readinto`` raises OSError where the connection breaks; inside :meth:`Wire.stream` that becomes LostConnection.
    """

    def __init__(self, answer: http.client.HTTPResponse, sock: socket.socket, cancel: CancelToken) -> None:
        self.status = answer.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in answer.getheaders()}
        """Names in lower case."""
        self.length = answer.length
        """Bytes of the body; None where only its end tells."""
        self._answer = answer
        self._sock = sock
        self._cancel = cancel
        self._left = answer.length
        self._buffered = True
        """Whether the first bytes may have come with the head, and wait in the answer's own buffer."""

    def readinto(self, view: memoryview) -> int:
        """Fill ``view`` as far as the network gives bytes without much waiting; 0 at the end of the body."""
        self._cancel.check()
        if self._left is None or not self._left:
            return self._answer.readinto(view)
        view = view[: self._left]
        count = self._from_buffer(view) if self._buffered else 0
        count = count or self._from_socket(view)
        self._left -= count
        if not self._left:
            self._answer.close()
        return count

    def _from_buffer(self, view: memoryview) -> int:
        held = len(self._answer.fp.peek(1))
        if not held:
            self._buffered = False
            return 0
        data = self._answer.fp.read1(min(held, len(view)))
        self._buffered = len(data) < held
        view[: len(data)] = data
        return len(data)

    def _from_socket(self, view: memoryview) -> int:
        count, begun = 0, time.monotonic()
        while count < len(view):
            try:
                got = self._sock.recv_into(view[count:])
            except TimeoutError:
                self._cancel.check()
                if count:
                    break
                if time.monotonic() - begun > STALL_SECONDS:
                    raise
                continue
            except OSError:
                if count:
                    break  # what came is not lost; the next call meets the broken connection again
                raise
            if not got:
                if count:
                    break
                raise ConnectionResetError
            count += got
            if time.monotonic() - begun > POLL_SECONDS:
                break
        return count
