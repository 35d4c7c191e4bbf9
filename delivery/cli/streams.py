"""stdout and stderr while a CI service reads along: nothing that is printed can become a command of that service."""

from __future__ import annotations

import os
import stat
import sys
import threading
from contextlib import suppress
from typing import Any, TextIO

from delivery import ci


class Guarded:
    """A text stream whose texts are made harmless; what is meant as a command goes by :meth:`command`."""

    def __init__(self, stream: TextIO, voice: ci.Voice) -> None:
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
    """Put guards before stdout and stderr where a CI service reads them. A stdout that is a file stays as it is."""
    voice = ci.voice_of(ci.detect())
    if type(voice).harmless is ci.Voice.harmless:
        return
    sys.stderr = Guarded(sys.stderr, voice)
    if not _is_file(sys.stdout):
        sys.stdout = Guarded(sys.stdout, voice)


def unguard() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, Guarded):
            setattr(sys, name, stream._stream)


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
