"""What a server answers, waited for in short turns."""

from __future__ import annotations

import base64
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
_CODE = re.compile(rb"<Code>([A-Za-z0-9_.-]{1,80})</Code>")
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


def error_code(body: bytes) -> str:
    """The store's own word for what is wrong, in an answer whose XML may be cut; empty where there is none."""
    found = _CODE.search(body)
    return found[1].decode() if found else ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the store asks to wait, up to a date by its own clock where it names one; None where it does not."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdecimal():
        return float(text)
    until = moment_of(text)
    return (until - (moment_of(headers.get("date", "")) or datetime.now(UTC))).total_seconds() if until else None


def crc_text(crc: int) -> str:
    """A CRC-32 as stores write it."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


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
