from __future__ import annotations

from delivery.packing.direct import BLOCK, Buffers


def test_blocks_are_lent_again_and_never_to_two_at_once() -> None:
    buffers = Buffers()
    with buffers.lent(2) as first, buffers.lent(1) as other:
        assert len({id(block.obj) for block in (*first, *other)}) == 3
        known = {id(block.obj) for block in (*first, *other)}
        assert all(len(block) == BLOCK and not block.readonly for block in first)
    with buffers.lent(3) as again:
        assert {id(block.obj) for block in again} == known
