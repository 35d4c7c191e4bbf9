"""Requests under way at once: few at first, more for as long as that makes them faster all together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from delivery.progress import CancelToken, Halt, one_failure_stops_all
from delivery.storage.growth import FEWEST, LOOK_SECONDS, MOST, Growth

_POLL = 0.2
SMALL_AT_ONCE = 2
"""Small requests wait for answers more than they send: so many are under way for each that sends."""
_AHEAD = 1
"""Requests that wait, so that a lane that has become free goes on at once."""
_ANSWER = 1024**2
"""About what could be sent while an answer is waited for: it makes requests of all sizes comparable."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Given = ParamSpec("_Given")


def each(items: Sequence[_Item], work: Callable[[_Item], _Result], halt: Halt) -> list[_Result]:
    """What ``work`` makes of each item by a request or two without much of a body, in their order, begun in it too.

    The first real failure is raised; the others stop at once, if they listen to ``halt``.
    """
    if len(items) < 2:
        return [work(item) for item in items]
    with Lanes(FEWEST * SMALL_AT_ONCE, MOST, halt) as lanes:

        def measured(item: _Item) -> _Result:
            halt.check()
            try:
                with lanes.measured(0):
                    return work(item)
            except BaseException:
                halt.cancel()
                raise

        slots = [lanes.submit(measured, item) for item in items]
        with one_failure_stops_all(halt, slots):
            return [slot.result() for slot in slots]


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
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._workers: list[threading.Thread] = []
        self._running = 0
        self._closed = False
        self._used = self._counted_at = 0.0
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

    def wait(self) -> None:
        """Until a request would be made at once, or soon. Raises Cancelled."""
        with self._changed:
            while self._running + len(self._waiting) >= self._width + _AHEAD:
                self._cancel.check()
                self._changed.wait(_POLL)

    def submit(self, work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs) -> Future[_Result]:
        """Have ``work`` done, in which :meth:`measured` is used around what it sends."""
        slot: Future[_Result] = Future()
        with self._changed:
            self._waiting.append((slot, partial(work, *given, **named)))
            self._hire()
            self._changed.notify()
        return slot

    @contextmanager
    def measured(self, size: int) -> Iterator[None]:
        """Around one request of ``size`` bytes. What fails says nothing of the line, and is not counted."""
        begun = time.monotonic()
        yield
        with self._changed:
            self._measure(size, begun, time.monotonic())

    def _hire(self) -> None:
        while len(self._workers) < min(self._width, self._running + len(self._waiting)):
            worker = threading.Thread(target=self._work, name="delivery-lane", daemon=True)
            try:
                worker.start()
            except RuntimeError:  # the system allows no more threads: those that there are must do
                if not self._workers:
                    raise
                self._width = self._before = len(self._workers)
                return
            self._workers.append(worker)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            slot, work = job
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
                self._count(-1)
                slot.set_exception(error)
            else:
                self._count(-1)
                slot.set_result(result)
            del job, slot, work

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._changed:
            while True:
                while not self._closed and (not self._waiting or self._running >= self._width):
                    self._changed.wait()
                if self._closed:
                    return None
                job = self._waiting.popleft()
                if job[0].set_running_or_notify_cancel():
                    self._count(1)
                    return job

    def _count(self, more: int) -> None:
        """So many more are running."""
        with self._changed:
            now = time.monotonic()
            self._used += self._running * (now - self._counted_at)
            self._counted_at = now
            self._running += more
            self._changed.notify_all()

    def _measure(self, size: int, begun: float, now: float) -> None:
        """The speed of one, times how many ran on average, decides how many there will be."""
        if begun < self._looked_at:
            return  # it shared the line with another number of requests
        self._ended += 1
        self._bytes += size + _ANSWER
        self._seconds += now - begun
        passed = now - self._looked_at
        if self._ended < self._width or passed < LOOK_SECONDS:
            return
        self._count(0)
        rate = self._bytes / max(self._seconds, 0.001) * self._used / passed
        more = self._growth.more(self._width, rate, (time.process_time() - self._busy_before) / passed)
        if self._growth.has_helped:
            self._before = self._width
        self._width = self._before + more
        self._hire()
        self._look()

    def _look(self) -> None:
        self._looked_at = self._counted_at = time.monotonic()
        self._busy_before = time.process_time()
        self._ended, self._bytes, self._seconds, self._used = 0, 0, 0.0, 0.0
