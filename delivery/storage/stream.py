"""The body of an answer as a stream into memory that the caller owns."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Mapping

from delivery.progress import CancelToken
from delivery.storage import answers
from delivery.storage.dial import told_as_lost


class Stream:
    """An answer whose body is read into memory that the caller owns: no copies, memory flat, a cancel heard in a stall.

    ``readinto`` raises LostConnection where the connection breaks.
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
        with told_as_lost():
            if self._left is None or not self._left:
                return self._answer.readinto(view)
            view = view[: self._left]
            count = self._from_buffer(view) if self._buffered else 0
            count = count or self._from_socket(view)
        self._left -= count
        if not self._left:
            self._answer.close()
        return count

    def beginning(self, most: int) -> bytes:
        """The first ``most`` bytes of a short body, or all of it."""
        body, filled = memoryview(bytearray(most)), 0
        while filled < most and (count := self.readinto(body[filled:])):
            filled += count
        return bytes(body[:filled])

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
                if time.monotonic() - begun > answers.STALL_SECONDS:
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
            if time.monotonic() - begun > answers.POLL_SECONDS:
                break
        return count
