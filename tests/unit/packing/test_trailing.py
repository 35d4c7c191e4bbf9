from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.errors import Cancelled, LocalError
from delivery.packing import trailing
from delivery.packing.crew import Crew
from delivery.packing.trailing import TrailingDigest
from delivery.progress import CancelToken

MIB = 1024**2
DATA = random.Random(3).randbytes(20 * MIB + 5)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(DATA)
    return tmp_path / "file"


@pytest.fixture
def digest(path: Path) -> Iterator[TrailingDigest]:
    made = TrailingDigest(path, Crew(CancelToken()))
    yield made
    made.close()


def finished(digest: TrailingDigest, size: int) -> str:
    digest.follow(size)
    return digest.hexdigest()


def give(digest: TrailingDigest, start: int, end: int) -> None:
    for at in range(start, end, MIB):
        digest.take(memoryview(DATA)[at : min(at + MIB, end)], at)


def test_what_comes_in_order_is_not_read_again(digest: TrailingDigest, path: Path) -> None:
    give(digest, 0, len(DATA))
    path.unlink()
    assert finished(digest, len(DATA)) == SHA256


def test_what_comes_out_of_order_is_read_from_the_file(digest: TrailingDigest) -> None:
    give(digest, 10 * MIB, len(DATA))
    give(digest, 0, 10 * MIB)
    digest.follow(len(DATA))
    assert finished(digest, len(DATA)) == SHA256


def test_pieces_of_several_threads_end_in_the_digest_of_the_whole(digest: TrailingDigest) -> None:
    done, lock = [False] * 20, threading.Lock()

    def bring(numbers: range) -> None:
        for number in numbers:
            give(digest, number * MIB, (number + 1) * MIB)
            with lock:
                done[number] = True
                digest.follow([*done, False].index(False) * MIB)

    threads = [threading.Thread(target=bring, args=(range(first, 20, 3),)) for first in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert finished(digest, len(DATA)) == SHA256


def test_what_is_lent_is_not_read_back_and_given_back_once_it_is_hashed(digest: TrailingDigest, path: Path) -> None:
    back: list[int] = []
    for at, end in ((MIB, 3 * MIB), (3 * MIB, 4 * MIB), (10 * MIB, 20 * MIB)):
        digest.lend(memoryview(DATA)[at:end], at, lambda at=at: back.append(at))  # type: ignore[misc]
    with path.open("r+b") as stream:  # what was lent is not looked for here
        for at, end in ((MIB, 4 * MIB), (10 * MIB, 20 * MIB)):
            stream.seek(at)
            stream.write(bytes(end - at))
    digest.follow(4 * MIB)
    digest.lend(memoryview(DATA), 2 * MIB, lambda: back.append(-1))  # too late: that is hashed, or about to be
    assert back.count(-1) == 1
    assert finished(digest, len(DATA)) == SHA256
    assert sorted(back) == [-1, MIB, 3 * MIB, 10 * MIB]


def test_what_is_lent_may_become_due_bit_by_bit(digest: TrailingDigest, path: Path) -> None:
    back: list[int] = []
    digest.lend(memoryview(DATA)[MIB:], MIB, lambda: back.append(MIB))
    path.write_bytes(DATA[:MIB])
    for end in (2 * MIB, 5 * MIB, 5 * MIB + 1):
        digest.follow(end)
    digest.hexdigest()
    assert back == []
    assert finished(digest, len(DATA)) == SHA256
    assert back == [MIB]


def test_what_is_lent_in_vain_is_given_back_at_the_end(path: Path) -> None:
    back: list[int] = []
    with TrailingDigest(path, Crew(CancelToken())) as digest:
        digest.lend(memoryview(DATA)[MIB:], MIB, lambda: back.append(MIB))
    assert back == [MIB]


def test_little_is_not_worth_reading_back_at_once(digest: TrailingDigest) -> None:
    assert not digest.is_due(trailing._STEP - 1)
    assert digest.is_due(trailing._STEP)
    give(digest, 0, MIB)
    assert not digest.is_due(trailing._STEP)
    digest.follow(2 * trailing._STEP)
    assert not digest.is_due(3 * trailing._STEP - 1)


def test_who_asks_waits_until_little_is_left_to_read_back(
    digest: TrailingDigest, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, read = threading.Event(), digest._read

    def slow(start: int, end: int) -> None:
        go_on.wait(20)
        read(start, end)

    monkeypatch.setattr(digest, "_read", slow)
    for end in (MIB, 2 * MIB):
        digest.follow(end)
    digest.catch_up()  # so much may wait
    digest.follow(3 * MIB)
    waiting = threading.Thread(target=digest.catch_up)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    go_on.set()
    waiting.join(20)
    assert not waiting.is_alive()
    assert finished(digest, len(DATA)) == SHA256


def test_an_empty_file_has_a_digest(digest: TrailingDigest) -> None:
    assert finished(digest, 0) == hashlib.sha256().hexdigest()


def test_a_cancel_and_a_file_that_went_away_are_heard(path: Path) -> None:
    token = CancelToken()
    cancelled = TrailingDigest(path, Crew(token))
    token.cancel()
    with pytest.raises(Cancelled):
        finished(cancelled, len(DATA))
    gone = TrailingDigest(path, Crew(CancelToken()))
    path.unlink()
    gone.follow(len(DATA))
    with pytest.raises(LocalError):
        finished(gone, len(DATA))


def test_a_file_that_someone_cut_is_told(digest: TrailingDigest, path: Path) -> None:
    path.write_bytes(DATA[:100])
    for end in range(MIB, 5 * MIB, MIB):
        digest.follow(end)
    with pytest.raises(LocalError, match="shorter"):
        digest.catch_up()
    with pytest.raises(LocalError, match="shorter"):
        finished(digest, len(DATA))
