from __future__ import annotations

import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from delivery.packing.direct import BLOCK, Buffers, reserve


def test_blocks_are_lent_again_and_never_to_two_at_once() -> None:
    buffers = Buffers()
    with buffers.lent(2) as first, buffers.lent(1) as other:
        assert len({id(block.obj) for block in (*first, *other)}) == 3
        known = {id(block.obj) for block in (*first, *other)}
        assert all(len(block) == BLOCK and not block.readonly for block in first)
    with buffers.lent(3) as again:
        assert {id(block.obj) for block in again} == known


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_room_cannot_be_asked_for_nothing_is_wrong(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Mock(side_effect=OSError(number, os.strerror(number)))
    monkeypatch.setattr(os, "posix_fallocate", asked, raising=False)
    with (tmp_path / "a").open("wb") as out:
        reserve(out.fileno(), 10)
    assert asked.called
