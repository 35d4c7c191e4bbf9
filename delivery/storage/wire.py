"""HTTP as uploads need it: bodies sent block by block, memory flat, a cancel heard while the network stalls.

Knows nothing of S3 and signs nothing; it is also how links are tried, without credentials.
"""

from __future__ import annotations

import functools
import http.client
import select
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from delivery.errors import StoreRefusedError
from delivery.progress import CancelToken
from delivery.storage import answers
from delivery.storage.answers import POLL_SECONDS, Answer, PatientResponse
from delivery.storage.dial import dial, told_as_lost
from delivery.storage.stream import Stream

if TYPE_CHECKING:
    from delivery.storage.base import Body

_MOST_OF_AN_ANSWER = 16 * 1024**2
"""Several times a page of a list, a thousand of the longest keys."""


class Wire:
    """Connections to one origin, kept open and handed round; safe to use from several threads."""

    def __init__(self, origin: str) -> None:
        """``origin``: scheme and host with port, as in ``https://bucket.example.com``."""
        self._parts = urlsplit(origin)
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None, cancel: CancelToken
    ) -> Answer:
        """One request and its answer, the answer's body cut at 16 MiB. ``target`` is the path with its query.

        Raises LostConnection, and Cancelled within a fraction of a second of the token.
        """
        with self._request(method, target, headers, body, cancel) as (answer, _), told_as_lost():
            data = answer.read(_MOST_OF_AN_ANSWER)
            if answer.length:
                raise http.client.IncompleteRead(data, answer.length)
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, data)

    def probe(self, target: str, headers: Mapping[str, str], cancel: CancelToken) -> Answer:
        """A GET whose body is not waited for beyond its first kilobyte: what is longer costs the connection."""
        with self._request("GET", target, headers, None, cancel) as (answer, _), told_as_lost():
            data = answer.read(1024)
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, data)

    @contextmanager
    def stream(self, target: str, headers: Mapping[str, str], cancel: CancelToken) -> Iterator[Stream]:
        """A GET whose body the caller reads, as far as it wants: an unread rest costs the connection."""
        with self._request("GET", target, headers, None, cancel) as (answer, sock):
            yield Stream(answer, sock, cancel)

    @contextmanager
    def _request(
        self, method: str, target: str, headers: Mapping[str, str], body: Body | None, cancel: CancelToken
    ) -> Iterator[tuple[http.client.HTTPResponse, socket.socket]]:
        cancel.check()
        connection = self._take(cancel)
        answer, whole = None, False
        try:
            self._write(connection, method, target, headers, body, cancel)
            sock = connection.sock  # which the connection forgets where the answer says that it will close
            connection.response_class = functools.partial(PatientResponse, cancel=cancel)  # type: ignore[assignment]
            with told_as_lost():
                answer = connection.getresponse()
            yield answer, sock
            whole = answer.isclosed() and not answer.will_close
        finally:
            if whole:
                with self._lock:
                    self._idle.append(connection)
            else:
                if answer is not None:
                    answer.close()  # which a connection forgets where the answer was its last
                connection.close()

    def _write(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Body | None,
        cancel: CancelToken,
    ) -> None:
        if body is None:
            with told_as_lost():
                self._write_head(connection, method, target, headers, body)
            return
        with told_as_lost():
            _cork(connection.sock, True)
            self._write_head(connection, method, target, headers, body)
        for block in body.blocks():  # what it raises is its own, and no broken connection
            with told_as_lost():
                try:
                    _send(connection.sock, block, cancel)
                except (BrokenPipeError, ConnectionResetError):
                    # The store may have answered and closed before it had read all: its answer says why.
                    if not _readable(connection.sock, POLL_SECONDS):
                        raise
                    return
        with told_as_lost():
            _cork(connection.sock, False)

    def _write_head(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Body | None,
    ) -> None:
        connection.sock.settimeout(answers.STALL_SECONDS)
        try:
            connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
        except ValueError:  # whose text shows what it is, secrets too
            raise StoreRefusedError(
                "a request for the store holds what HTTP cannot carry",
                hint="check bucket, endpoint and keys for line breaks and letters that are not ASCII",
            ) from None
        if body is not None:
            connection.putheader("Content-Length", str(body.size))
        connection.endheaders()

    def _take(self, cancel: CancelToken) -> http.client.HTTPConnection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return dial(self._parts, cancel)
            if connection.sock is not None and not _readable(connection.sock, 0):
                return connection
            connection.close()


def _close_all(connections: list[http.client.HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


def _send(sock: socket.socket, block: memoryview, cancel: CancelToken) -> None:
    """All of ``block``, waking several times a second to ask ``cancel``, giving up after a stall."""
    sock.settimeout(POLL_SECONDS)
    moved_at = time.monotonic()
    try:
        while block:
            cancel.check()
            try:
                sent = sock.send(block)
            except TimeoutError:
                if time.monotonic() - moved_at > answers.STALL_SECONDS:
                    raise
                continue
            block = block[sent:]
            moved_at = time.monotonic()
    finally:
        sock.settimeout(answers.STALL_SECONDS)


def _cork(sock: socket.socket, on: bool) -> None:
    """Full packets only, until it is taken off again: a TLS record is no multiple of a packet. Linux alone has it."""
    if hasattr(socket, "TCP_CORK"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)


def _readable(sock: socket.socket, seconds: float) -> bool:
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    if hasattr(select, "poll"):  # select() fails for descriptors from 1024 up
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    return bool(select.select([sock], [], [], seconds)[0])
