"""What a disk refuses, in words that help."""

from __future__ import annotations

import errno
import os

import pytest

from delivery.errors import LocalError
from delivery.packing.trouble import writing


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EROFS, "may write to"),
        (errno.EFBIG, "FAT disk stops at 4 GB"),
        (errno.ENAMETOOLONG, "rename the file"),
        (errno.ENOLCK, "know no locks"),
        (errno.EIO, "another folder"),
    ],
)
def test_the_advice_fits_what_the_disk_said(number: int, advice: str) -> None:
    with pytest.raises(LocalError, match=r"film\.mov") as caught, writing("out/film.mov"):
        raise OSError(number, os.strerror(number))
    assert advice in caught.value.hint and "--out" in caught.value.hint
