"""Progress for people: bars on a terminal, a plain line at intervals elsewhere. Everything goes to stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from delivery import ci
from delivery.escape import printable
from delivery.progress import NullProgress, Progress, Task, Unit
from delivery.units import format_duration, format_size

_INTERVAL = 5.0
_SHORT = 0.5
"""Work that ends sooner leaves no bar behind."""
_saying = threading.Lock()


def _say(line: str) -> None:
    """The line and its end at once: files are told of by several threads."""
    with _saying:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


@contextmanager
def progress_for(shown: bool, *, quiet: bool = False) -> Iterator[Progress]:
    """What suits the stream: bars or lines; without ``shown`` notes alone, and nothing for who wants it ``quiet``."""
    if quiet:
        yield NullProgress()
    elif not shown:
        yield _Notes()
    elif sys.stderr.isatty() and ci.detect() is None:
        yield _Bars()
    else:
        yield _Lines()


class _Bars:
    def task(self, label: str, total: int | None, unit: Unit) -> Task:
        return _Bar(label, total, unit)

    def note(self, text: str) -> None:
        from tqdm import tqdm

        tqdm.write(printable(text), file=sys.stderr)


class _Bar:
    def __init__(self, label: str, total: int | None, unit: Unit) -> None:
        from tqdm import tqdm

        scale = {"unit": "B", "unit_scale": True} if unit == "bytes" else {"unit": " files"}
        self._bar: Any = tqdm(
            desc=printable(label), total=total, file=sys.stderr, leave=False, delay=_SHORT, dynamic_ncols=True, **scale
        )
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        with self._lock:
            self._bar.update(amount)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()


class _Notes(NullProgress):
    def note(self, text: str) -> None:
        _say(printable(text))


class _Lines(_Notes):
    def task(self, label: str, total: int | None, unit: Unit) -> Task:
        return _Line(label, total, unit)


class _Line:
    def __init__(self, label: str, total: int | None, unit: Unit) -> None:
        self._label, self._total, self._unit = printable(label), total, unit
        self._done = 0
        self._started = self._said = time.monotonic()
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        with self._lock:
            self._done += amount
            now = time.monotonic()
            if now - self._said >= _INTERVAL:
                self._said = now
                _say(self._text(now - self._started))

    def _text(self, elapsed: float) -> str:
        rate = self._done / elapsed
        if self._unit == "bytes":
            done, speed = format_size(self._done), f"{format_size(round(rate))}/s"
            of = format_size(self._total) if self._total else ""
        else:
            done, speed = f"{self._done:,}", f"{rate:,.0f} files/s"
            of = f"{self._total:,} files" if self._total else ""
        text = f"{self._label}: {done}" + (f" of {of}" if of else "") + f", {speed}"
        if self._total and rate > 0 and self._done < self._total:
            text += (
                f", about {format_duration(timedelta(seconds=max(1, round((self._total - self._done) / rate))))} left"
            )
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
