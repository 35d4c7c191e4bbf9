"""Requests under way at once: few at first, more for as long as that makes them faster all together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from delivery.progress import CancelToken
from delivery.storage.growth import LOOK_SECONDS, Growth

_POLL = 0.2
_AHEAD = 1
"""Requests that wait, so that a lane that has become free goes on at once."""
_Result = TypeVar("_Result")
_Given = ParamSpec("_Given")


class Lanes:
    """A context manager over workers of which each makes one request at a time, in the order given.

    What counts for their number is when requests have ended, not what the system has taken off our hands: its buffers
    hold megabytes for each connection, minutes of a slow line.
    """

    def __init__(self, fewest: int, most: int, cancel: CancelToken) -> None:
        self._width = self._before = fewest
        self._growth = Growth(most)
        self._cancel = cancel
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Future[Any], int, Callable[[], Any]]] = deque()
        self._workers: list[threading.Thread] = []
        self._running = 0
        self._closed = False
        self._look()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What still waits is cancelled; what runs is waited for."""
        with self._changed:
            self._closed = True
            while self._waiting:
                self._waiting.popleft()[0].cancel()
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()

    def wait(self, most: int | None = None) -> None:
        """Until a request would be made at once, or soon, and fewer than ``most`` wait or run. Raises Cancelled."""
        with self._changed:
            while self._running + len(self._waiting) >= min(self._width + _AHEAD, most or self._width + _AHEAD):
                self._cancel.check()
                self._changed.wait(_POLL)

    def submit(
        self, size: int, work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> Future[_Result]:
        """Have ``work`` done, a request of ``size`` bytes."""
        slot: Future[_Result] = Future()
        with self._changed:
            self._waiting.append((slot, size, partial(work, *given, **named)))
            self._hire()
            self._changed.notify()
        return slot

    def _hire(self) -> None:
        while len(self._workers) < min(self._width, self._running + len(self._waiting)):
            self._workers.append(threading.Thread(target=self._work, name="delivery-upload", daemon=True))
            self._workers[-1].start()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            slot, size, work = job
            begun = time.monotonic()
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
                self._ended(0, begun)
                slot.set_exception(error)
            else:
                self._ended(size, begun)
                slot.set_result(result)
            del job, slot, work

    def _next(self) -> tuple[Future[Any], int, Callable[[], Any]] | None:
        with self._changed:
            while True:
                while not self._closed and (not self._waiting or self._running >= self._width):
                    self._changed.wait()
                if self._closed:
                    return None
                job = self._waiting.popleft()
                if job[0].set_running_or_notify_cancel():
                    self._running += 1
                    return job

    def _ended(self, size: int, begun: float) -> None:
        with self._changed:
            self._running -= 1
            self._measure(size, begun, time.monotonic())
            self._changed.notify_all()

    def _measure(self, size: int, begun: float, now: float) -> None:
        """Every lane's speed since their number was changed last, together, decides what it will be."""
        if begun < self._looked_at:
            return  # it shared the line with another number of requests
        self._count += 1
        self._bytes += size
        self._seconds += now - begun
        passed = now - self._looked_at
        if self._count < self._width or passed < LOOK_SECONDS:
            return
        rate = self._bytes / max(self._seconds, 0.001) * self._width
        more = self._growth.more(self._width, rate, (time.process_time() - self._busy_before) / passed)
        if self._growth.has_helped:
            self._before = self._width
        self._width = self._before + more
        self._hire()
        self._look()

    def _look(self) -> None:
        self._looked_at, self._busy_before = time.monotonic(), time.process_time()
        self._count, self._bytes, self._seconds = 0, 0, 0.0
