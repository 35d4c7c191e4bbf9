from __future__ import annotations

import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from delivery.packing.direct import BLOCK, Buffers, reserve

linux = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system has no call to ask for room")


def test_blocks_are_lent_again_and_never_to_two_at_once() -> None:
    buffers = Buffers()
    with buffers.lent(2) as first, buffers.lent(1) as other:
        assert len({id(block.obj) for block in (*first, *other)}) == 3
        known = {id(block.obj) for block in (*first, *other)}
        assert all(len(block) == BLOCK and not block.readonly for block in first)
    with buffers.lent(3) as again:
        assert {id(block.obj) for block in again} == known


@linux
@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_room_cannot_be_asked_for_nothing_is_wrong(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Mock(side_effect=OSError(number, os.strerror(number)))
    monkeypatch.setattr(os, "posix_fallocate", asked)
    with (tmp_path / "a").open("wb") as out:
        reserve(out.fileno(), 10)
        assert asked.called
        with pytest.raises(OSError) as caught:
            reserve(out.fileno(), 2**62)
    assert caught.value.errno == errno.ENOSPC


@linux
def test_room_is_not_asked_for_by_writing_to_each_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As GNU's library does where the disk cannot, but never to a file that is only written to at its end."""
    import fcntl

    def as_gnu(descriptor: int, start: int, size: int) -> None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        os.pwrite(descriptor, bytes(size), start)

    monkeypatch.setattr(os, "posix_fallocate", as_gnu)
    with (tmp_path / "a").open("wb") as out:
        before = fcntl.fcntl(out, fcntl.F_GETFL)
        reserve(out.fileno(), 10)
        assert fcntl.fcntl(out, fcntl.F_GETFL) == before
    assert (tmp_path / "a").stat().st_size == 0
