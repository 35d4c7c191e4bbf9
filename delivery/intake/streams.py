"""A stream of the caller's, read in order with its troubles told in words."""

from __future__ import annotations

import io
import re
import select
from typing import Any

from delivery.errors import DeliveryError, LocalError
from delivery.escape import printable
from delivery.model import FileEntry, Readable
from delivery.progress import CancelToken

HEAD = 8192
_ASKED = 1024 * 1024
_POLL = 0.2
"""Seconds after which a cancel is looked for while nothing comes."""
_PLAIN = re.compile(r"(?:\b(?:[^\W\d_]{1,24}|\d{1,9})\b|[ ,.;!'()-]|:(?= )){1,200}")
"""Words and numbers: no address, no assignment and no token, in which a secret could stand."""


class Spent:
    """What the entry of a stream holds once that was begun: what is left of it would pass for the whole."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, size: int = -1, /) -> bytes:
        raise LocalError(
            f"the stream {self._name} was read before, and what is left of it is not the whole",
            hint="open it anew, and make another FileEntry.from_stream of it for each try",
            code="stream-spent",
        )


class Stream:
    """The content of ``entry`` in one pass. Its first bytes can be looked at before they are read.

    From its first byte on ``entry`` has no content that could be delivered, by this call or another.

    Raises LocalError when the stream raises, gives something else than bytes, or has not the size that was stated, and
    Cancelled, which a pipe that brings nothing hears too where it is read unbuffered.
    """

    def __init__(self, entry: FileEntry, cancel: CancelToken | None = None) -> None:
        assert entry.content is not None and not isinstance(entry.content, bytes)
        self._entry = entry
        self._source: Readable = entry.content
        self._cancel = cancel
        self._name = printable(entry.arcname)
        self._size = entry.size if entry.known_size else None
        self._ahead = b""
        self._ended = False
        self._claimed = False
        self._given = 0

    def begin(self) -> None:
        """Raise LocalError where some of it has been read, but for the first bytes that were looked at."""
        if self._given:
            Spent(self._name).read()

    def head(self) -> bytes:
        """The first bytes, up to 8 KiB; they are given again when the stream is read."""
        while not self._ended and len(self._ahead) < HEAD:
            self._ahead += self._ask(HEAD - len(self._ahead))
        return self._ahead

    def read(self, size: int = -1, /) -> bytes:
        """Some bytes, at most ``size``; none at the end."""
        wanted = _ASKED if size < 0 else size
        data, self._ahead = self._ahead[:wanted], self._ahead[wanted:]
        if not data and not self._ended:
            data = self._ask(wanted)
        self._given += len(data)
        if self._size is not None and (self._given > self._size or (self._ended and self._given < self._size)):
            told = f"ended after {self._given:,}" if self._given < self._size else f"has more than the {self._size:,}"
            stated = f" of {self._size:,} bytes" if self._given < self._size else " bytes that were stated"
            raise LocalError(
                f"the stream {self._name} {told}{stated}",
                hint="state its real size or none at all, and check what writes it",
                code="stream-size",
            )
        return data

    def fill(self, view: memoryview) -> int:
        """Fill ``view`` as far as the stream reaches; less than its length only at the end."""
        filled = 0
        while filled < len(view):
            data = self.read(min(len(view) - filled, _ASKED))
            if not data:
                break
            view[filled : filled + len(data)] = data
            filled += len(data)
        return filled

    def _ask(self, size: int) -> bytes:
        data: Any
        try:
            self._claim()
            self._wait()
            data = self._source.read(size)
        except DeliveryError:
            raise
        except Exception as error:  # whatever the caller's object raises
            why = (error.strerror if isinstance(error, OSError) else None) or _in_words(error)
            raise LocalError(
                f"the stream {self._name} cannot be read: {printable(why)}",
                hint="check what writes it, then run it again",
                code="stream-broken",
            ) from error
        if not isinstance(data, bytes | bytearray | memoryview):
            raise LocalError(
                f"the stream {self._name} gives {type(data).__name__}, not the bytes that were asked for",
                hint='open it in binary mode, as in open(path, "rb") or sys.stdin.buffer, and blocking',
                code="stream-broken",
            )
        if len(data) > size:
            raise LocalError(
                f"the stream {self._name} gives {len(data):,} bytes where at most {size:,} were asked for",
                hint="have its read(size) keep what is left for the next call",
                code="stream-broken",
            )
        self._ended = not data
        return bytes(data)

    def _claim(self) -> None:
        if self._claimed:
            return
        spent = Spent(self._name)
        if self._entry.content is not self._source:
            spent.read()
        object.__setattr__(self._entry, "content", spent)
        self._claimed = True

    def _wait(self) -> None:
        """Until the system has something to give: Python goes on waiting in a read that a signal broke off."""
        if self._cancel is None or not isinstance(self._source, io.FileIO) or not hasattr(select, "poll"):
            return
        poll = select.poll()
        poll.register(self._source.fileno(), select.POLLIN)
        while not poll.poll(_POLL * 1000):
            self._cancel.check()


def _in_words(error: Exception) -> str:
    kind, words = type(error).__name__, str(error)
    return f"{kind}: {words}" if _PLAIN.fullmatch(words) else kind
