from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from delivery.errors import Cancelled
from delivery.progress import CancelToken, Halt
from delivery.storage.lanes import Lanes, each


class Line:
    """Requests that tell how many of them were under way, over connections of a fixed speed and a line for all."""

    def __init__(self, *, a_connection: float, all_of_them: float) -> None:
        self._each, self._all = a_connection, all_of_them
        self._lock = threading.Lock()
        self.running = self.most = 0

    def carry(self) -> int:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(1 / min(self._each, self._all / self.running) / 25)
        with self._lock:
            self.running -= 1
        return self.most


def carried(lanes: Lanes, line: Line) -> None:
    with lanes.measured(1_000_000):
        line.carry()


def sent(line: Line, count: int, *, lanes: Lanes, after: Callable[[int], None] = lambda number: None) -> None:
    with lanes:
        slots = []
        for number in range(count):
            lanes.wait()
            slots.append(lanes.submit(carried, lanes, line))
            after(number)
        for slot in slots:
            slot.result()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.storage.lanes.LOOK_SECONDS", 0.0)


def test_slow_connections_become_as_many_as_may_be() -> None:
    line = Line(a_connection=1, all_of_them=1000)
    sent(line, 150, lanes=Lanes(2, 16, CancelToken()))
    assert line.most == 16


def test_a_line_that_is_full_gets_back_to_few() -> None:
    line, late = Line(a_connection=10, all_of_them=2), []
    sent(line, 60, lanes=Lanes(2, 16, CancelToken()), after=lambda number: late.append(line.running))
    assert 4 <= line.most < 16  # 4 where the machine is idle
    assert max(late[-20:]) == line.most // 2


def test_a_number_that_the_user_gives_stands() -> None:
    line = Line(a_connection=1, all_of_them=1000)
    sent(line, 20, lanes=Lanes(3, 3, CancelToken()))
    assert line.most == 3


def test_what_was_queued_at_once_gets_the_new_lanes_too() -> None:
    line = Line(a_connection=1, all_of_them=1000)
    with Lanes(2, 8, CancelToken()) as lanes:
        for slot in [lanes.submit(carried, lanes, line) for _ in range(60)]:
            slot.result()
    assert line.most == 8


def test_what_was_there_already_says_nothing_of_the_line() -> None:
    line = Line(a_connection=1, all_of_them=1000)
    with Lanes(2, 8, CancelToken()) as lanes:
        for slot in [lanes.submit(lambda: None) for _ in range(50)]:
            slot.result()
        for slot in [lanes.submit(carried, lanes, line) for _ in range(60)]:
            slot.result()
    assert line.most == 8


def test_a_system_that_allows_no_more_threads_is_content_with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    begin, begun = threading.Thread.start, []

    def start(thread: threading.Thread) -> None:
        if len(begun) == 3:
            raise RuntimeError("can't start new thread")
        begun.append(thread)
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    line = Line(a_connection=1, all_of_them=1000)
    with Lanes(2, 16, CancelToken()) as lanes:
        for slot in [lanes.submit(carried, lanes, line) for _ in range(30)]:
            slot.result(10)
    assert line.most == 3


def test_an_error_is_raised_where_the_result_is_asked_for_and_the_lane_goes_on() -> None:
    def fail() -> int:
        raise ValueError("no")

    with Lanes(1, 1, CancelToken()) as lanes:
        failed, passed = lanes.submit(fail), lanes.submit(lambda: 7)
        with pytest.raises(ValueError, match="no"):
            failed.result()
        assert passed.result() == 7


def test_leaving_waits_for_what_runs_and_cancels_the_rest() -> None:
    begun, release, done = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        release.wait(10)
        done.append(True)

    with Lanes(1, 1, CancelToken()) as lanes:
        first, second = lanes.submit(slow), lanes.submit(slow)
        begun.wait(10)
        threading.Timer(0.1, release.set).start()
    assert first.done() and done == [True]
    assert second.cancelled()


def test_a_wait_ends_with_the_cancel() -> None:
    cancel, release = CancelToken(), threading.Event()
    with Lanes(1, 1, cancel) as lanes:
        lanes.submit(release.wait, 10)
        lanes.submit(release.wait, 10)
        threading.Timer(0.1, cancel.cancel).start()
        with pytest.raises(Cancelled):
            lanes.wait()
        release.set()


def test_each_is_done_beside_others_and_told_in_order() -> None:
    meeting = threading.Barrier(8)

    def work(number: int) -> int:
        meeting.wait(30)  # which only eight at once get past
        return number * 2

    assert each(range(16), work, Halt(CancelToken())) == list(range(0, 32, 2))
    assert each([], work, Halt(CancelToken())) == []


def test_what_really_failed_is_raised_and_stops_the_others_at_once() -> None:
    halt, begun = Halt(CancelToken()), []

    def work(number: int) -> None:
        begun.append(number)
        if number == 5:
            raise ValueError("the fifth")
        halt.wait(60)

    started = time.monotonic()
    with pytest.raises(ValueError, match="the fifth"):
        each(range(1000), work, halt)
    assert time.monotonic() - started < 30
    assert len(begun) < 20


def test_a_cancel_ends_what_is_under_way() -> None:
    cancel = CancelToken()
    halt = Halt(cancel)

    def work(number: int) -> None:
        cancel.cancel()
        halt.wait(60)

    started = time.monotonic()
    with pytest.raises(Cancelled, match=r"^cancelled"):
        each(range(1000), work, halt)
    assert time.monotonic() - started < 30
