from __future__ import annotations

import pytest

from delivery.errors import Cancelled, IntegrityError, StoreRefusedError, StoreUnreachableError
from delivery.progress import CancelToken, RecordingProgress
from delivery.storage import faults
from delivery.storage.retry import Failed, pause, persist
from delivery.storage.watch import Watch


@pytest.mark.parametrize(
    "status, code, error, exit_code",
    [
        (403, "InvalidAccessKeyId", StoreRefusedError, 5),
        (403, "SignatureDoesNotMatch", StoreRefusedError, 5),
        (403, "AccessDenied", StoreRefusedError, 5),
        (403, "", StoreRefusedError, 5),
        (404, "NoSuchBucket", StoreRefusedError, 5),
        (400, "ExpiredToken", StoreRefusedError, 5),
        (403, "RequestTimeTooSkewed", faults.ClockError, 5),
        (404, "NoSuchKey", faults.ObjectGoneError, 5),
        (418, "", StoreRefusedError, 5),
        (302, "", StoreRefusedError, 5),
        (307, "TemporaryRedirect", StoreRefusedError, 5),
        (413, "", StoreRefusedError, 5),
        (501, "", StoreRefusedError, 5),
        (507, "XMinioStorageFull", StoreRefusedError, 5),
        (511, "", StoreUnreachableError, 6),
        (503, "SlowDown", StoreUnreachableError, 6),
        (500, "", StoreUnreachableError, 6),
        (502, "", StoreUnreachableError, 6),
        (429, "", StoreUnreachableError, 6),
        (408, "", StoreUnreachableError, 6),
        (400, "BadDigest", IntegrityError, 7),
    ],
)
def test_every_answer_has_words_a_hint_and_an_exit_code(
    status: int, code: str, error: type[Exception], exit_code: int
) -> None:
    made = faults.as_error(faults.of_answer(status, code), store="main", bucket="b", doing="sending", answer=code)
    assert type(made) is error
    assert made.exit_code == exit_code
    assert made.message.startswith("sending: ")
    assert made.hint
    assert "{" not in made.message + made.hint


def test_every_row_of_the_table_can_be_told() -> None:
    codes, statuses = faults._table()
    for fault in [*codes.values(), *statuses.values()]:
        told = faults.as_error(fault, store="main", bucket="b", doing="sending")
        assert "{" not in told.message + told.hint


def test_pauses_grow_and_stay_bounded() -> None:
    passing, slow = faults.of_answer(500, ""), faults.of_answer(503, "SlowDown")
    assert pause(1, passing, None, chance=1) == 0.25
    assert pause(3, passing, None, chance=0.5) == 0.5
    assert pause(50, passing, None, chance=1) == 20
    assert pause(1, slow, None, chance=0) == 0.5
    assert pause(1, passing, 7, chance=0) == 7
    assert pause(1, passing, 9999, chance=0) == 20
    assert pause(1, passing, -9999, chance=1) == 0.25


def attempts(*faults_met: faults.Fault):  # type: ignore[no-untyped-def]
    left = list(faults_met)

    def attempt() -> str:
        if not left:
            return "done"
        fault = left.pop(0)
        raise Failed(fault, faults.as_error(fault, store="s", bucket="b", doing="sending"))

    return attempt


pytestmark = pytest.mark.usefixtures("no_waiting")


def test_what_may_pass_is_tried_again_and_said_so() -> None:
    progress = RecordingProgress()
    assert persist(attempts(faults.of_answer(500, ""), faults.lost("broke")), Watch(3, progress)) == "done"
    assert len(progress.notes) == 2


def test_the_budget_ends() -> None:
    with pytest.raises(StoreUnreachableError) as caught:
        persist(attempts(*[faults.of_answer(500, "")] * 5), Watch(3))
    assert "same command" in caught.value.hint


def test_a_refusal_is_never_tried_again() -> None:
    progress = RecordingProgress()
    with pytest.raises(StoreRefusedError):
        persist(attempts(faults.of_answer(403, "AccessDenied")), Watch(6, progress))
    assert progress.notes == []


def test_a_cancel_ends_it() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        persist(attempts(), Watch(3, cancel=token))


@pytest.mark.parametrize(("fault", "held"), [(faults.of_answer(503, "SlowDown"), True), (faults.lost("x"), False)])
def test_one_who_is_asked_to_slow_down_slows_all_down(fault: faults.Fault, held: bool) -> None:
    class Waited(CancelToken):
        def wait(self, seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 1:  # while the first waits, another of the same run begins a request
                watch.brake.wait(stopped)

    class Stopped(CancelToken):
        def wait(self, seconds: float) -> None:
            raise Cancelled("it had to wait")

    waits: list[float] = []
    stopped, watch = Stopped(), Watch(3, cancel=Waited())
    if held:
        with pytest.raises(Cancelled):
            persist(attempts(fault), watch)
    else:
        assert persist(attempts(fault), watch) == "done"
