"""The protocol that long work reports to, and the token that stops it.

Nothing here prints. The terminal draws bars over :class:`Progress`; tests use :class:`RecordingProgress`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

from delivery.errors import Cancelled

Unit = Literal["bytes", "files"]


class Task(Protocol):
    """One piece of work in progress. ``advance`` may be called from several threads; a retry may take bytes back."""

    def advance(self, amount: int) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Progress(Protocol):
    """Who is told how far long work is. Called from several threads."""

    def task(self, label: str, total: int | None, unit: Unit) -> Task:
        """Begin a piece of work. ``total`` is None when it is not known."""
        ...

    def note(self, text: str) -> None:
        """One line that the user should see now: a retry, a resume, a wait."""
        ...


class _NullTask:
    def advance(self, amount: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class NullProgress:
    """Reports to nobody."""

    def task(self, label: str, total: int | None, unit: Unit) -> Task:
        return _NullTask()

    def note(self, text: str) -> None:
        pass


@dataclass
class RecordedTask(_NullTask):
    label: str
    total: int | None
    unit: Unit
    done: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def advance(self, amount: int) -> None:
        with self._lock:
            self.done += amount


class RecordingProgress:
    """Keeps what was reported, for tests and for callers that show it later."""

    def __init__(self) -> None:
        self.tasks: list[RecordedTask] = []
        self.notes: list[str] = []

    def task(self, label: str, total: int | None, unit: Unit) -> Task:
        task = RecordedTask(label, total, unit)
        self.tasks.append(task)
        return task

    def note(self, text: str) -> None:
        self.notes.append(text)


class CancelToken:
    """Asked between blocks of work; set from a signal handler or another thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise :class:`~delivery.errors.Cancelled` once :meth:`cancel` has been called."""
        if self._event.is_set():
            raise Cancelled("cancelled", hint="run the same command again to go on")

    def wait(self, seconds: float) -> None:
        """Sleep, but wake and raise at once on cancellation."""
        if self._event.wait(seconds):
            self.check()
