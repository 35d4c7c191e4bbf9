"""The protocol that long work reports to, and the token that stops it.

Nothing here prints. The terminal draws bars over :class:`Progress`; tests use :class:`RecordingProgress`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from delivery.errors import Cancelled, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

Unit = Literal["bytes", "files"]
GRACE = 3.0
"""Seconds: a store that answers nothing keeps nobody who wants to stop."""
_POLL = 0.1


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


def hooks(progress: Progress | None, cancel: CancelToken | None) -> tuple[Progress, CancelToken]:
    """Those of a caller, or ones that do nothing. Raises UsageError for what is neither, before any work begins."""
    if progress is None:
        progress = NullProgress()
    elif isinstance(progress, type) or not all(callable(getattr(progress, name, None)) for name in ("task", "note")):
        raise UsageError(
            f"progress={progress!r} cannot be told of progress",
            hint="give an object with the methods of delivery.Progress, such as RecordingProgress(), or nothing",
            code="not-a-progress",
        )
    if cancel is None:
        cancel = CancelToken()
    elif not isinstance(cancel, CancelToken):
        raise UsageError(
            f"cancel={cancel!r} is no CancelToken", hint="give a delivery.CancelToken(), or nothing", code="not-a-token"
        )
    return progress, cancel


class Halt(CancelToken):
    """Cancelled when ``parent`` is, or alone when one worker has failed and the others should stop."""

    def __init__(self, parent: CancelToken) -> None:
        super().__init__()
        self.parent = parent

    @property
    def cancelled(self) -> bool:
        return self.parent.cancelled or super().cancelled

    def check(self) -> None:
        self.parent.check()
        if super().cancelled:
            raise Halted("stopped because another part of the work failed")

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, _POLL))


class Grace(Halt):
    """For what is tidied up after a cancel too: cancelled a few seconds after who asked for the work has called it off.

    The failure of a worker leaves all the time that it takes.
    """

    def __init__(self, cancel: CancelToken) -> None:
        while isinstance(cancel, Halt):
            cancel = cancel.parent
        super().__init__(cancel)
        self._until: float | None = None

    @property
    def cancelled(self) -> bool:
        if self._until is None and self.parent.cancelled:
            self._until = time.monotonic() + GRACE
        return self._until is not None and time.monotonic() >= self._until

    def check(self) -> None:
        if self.cancelled:
            self.parent.check()


class Halted(Cancelled):
    """Stopped by another worker's failure, which is the error that counts."""


@contextmanager
def one_failure_stops_all(
    halt: CancelToken, slots: Collection[Future[Any]], *, but: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Where the block fails, have the work of ``slots`` stop, wait for it, and raise what really failed.

    ``but``: what is raised in the block for its own sake, and stops nobody.
    """
    try:
        yield
    except but:
        raise
    except BaseException as error:
        halt.cancel()
        failures = [None if slot.cancel() else slot.exception() for slot in slots]
        real = (failure for failure in failures if failure is not None and not isinstance(failure, Halted))
        if isinstance(error, Halted) and (cause := next(real, None)) is not None:
            raise cause from None
        raise
