"""stdout and stderr as the commands write to them.

While a CI service reads along, nothing that is printed can become a command of that service. And whatever becomes of
stderr, the work goes on.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from contextlib import suppress
from typing import Any, TextIO

from delivery import ci


class Spared:
    """stderr, on which nothing depends: once it cannot be written, what it would say is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._drop()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        with suppress(OSError, ValueError):
            drop(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Guarded:
    """A text stream whose texts are made harmless; what is meant as a command goes by :meth:`command`."""

    def __init__(self, stream: TextIO | Spared, voice: ci.Voice) -> None:
        self._stream = stream
        self._voice = voice
        self._begun = False
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            self._stream.write(self._voice.harmless(text, begun=self._begun))
            line = text.replace("\r", "\n").rpartition("\n")
            self._begun = bool(line[2].strip()) or (self._begun and not line[1])
        return len(text)

    def command(self, line: str) -> None:
        """Write ``line`` as it is, on a line of its own."""
        with self._lock:
            self._stream.write(f"{chr(10) if self._begun else ''}{line}\n")
            self._begun = False
        self._stream.flush()

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard() -> None:
    """Let stderr fail; and where a CI service reads, put guards before both. A stdout that is a file stays as it is."""
    sys.stderr = Spared(sys.stderr)
    voice = ci.voice_of(ci.detect())
    if type(voice).harmless is ci.Voice.harmless:
        return
    sys.stderr = Guarded(sys.stderr, voice)
    if not _is_file(sys.stdout):
        sys.stdout = Guarded(sys.stdout, voice)


def unguard() -> None:
    for name in ("stdout", "stderr"):
        while isinstance(stream := getattr(sys, name), Guarded | Spared):
            setattr(sys, name, stream._stream)


def drop(stream: TextIO) -> None:
    """Whatever is still written to ``stream``, and what it holds back, goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def command(line: str | None) -> bool:
    """Say ``line`` to the service; False where there is nothing to say."""
    if line is None:
        return False
    if isinstance(sys.stderr, Guarded):
        sys.stderr.command(line)
    else:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    return True


def _is_file(stream: TextIO) -> bool:
    with suppress(OSError, ValueError):
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    return False
