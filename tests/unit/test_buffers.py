from __future__ import annotations

import threading

import pytest

from delivery.buffers import MOST, Buffers
from delivery.errors import Cancelled
from delivery.progress import CancelToken

MIB = 1024**2


def test_what_was_given_back_is_used_again_and_the_smallest_that_will_do() -> None:
    buffers = Buffers(CancelToken())
    large, small = buffers.take(16 * MIB), buffers.take(3)
    assert large is not None and small is not None
    assert (len(large), len(small)) == (16 * MIB, MIB)
    buffers.give(large)
    buffers.give(small)
    assert buffers.take(MIB) is small
    assert buffers.take(MIB) is large


def test_all_together_are_never_more_than_the_bound() -> None:
    buffers = Buffers(CancelToken())
    held = [buffer for _ in range(20) if (buffer := buffers.take(16 * MIB)) is not None]
    assert sum(map(len, held)) == MOST
    assert buffers.take(0) is None
    buffers.give(held.pop())
    assert buffers.take(17 * MIB) is None


def test_free_ones_make_way_for_a_larger_one() -> None:
    buffers = Buffers(CancelToken())
    for buffer in [buffers.take(MIB) for _ in range(MOST // MIB)]:
        assert buffer is not None
        buffers.give(buffer)
    whole = buffers.take(MOST)
    assert whole is not None and len(whole) == MOST
    assert buffers.take(1) is None


def test_who_waits_gets_what_is_given_back_or_hears_the_cancel() -> None:
    cancel = CancelToken()
    buffers = Buffers(cancel)
    whole = buffers.wait(MOST)
    threading.Timer(0.1, buffers.give, [whole]).start()
    assert buffers.wait(MOST) is whole
    threading.Timer(0.1, cancel.cancel).start()
    with pytest.raises(Cancelled):
        buffers.wait(1)


def test_a_loan_ends_with_its_context() -> None:
    buffers = Buffers(CancelToken())
    with buffers.taken(MOST) as whole, buffers.taken(1) as none:
        assert whole is not None and none is None
    with pytest.raises(RuntimeError), buffers.taken(MOST) as again:
        assert again is whole
        raise RuntimeError
    assert buffers.take(MOST) is whole
