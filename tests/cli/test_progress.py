"""What is said on the way, where no terminal draws bars."""

from __future__ import annotations

import io
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from delivery.cli.progress import progress_for


class Slow(io.StringIO):
    """Others get their turn whenever something was written."""

    def write(self, text: str) -> int:
        count = super().write(text)
        time.sleep(0.001)
        return count


def test_lines_of_several_threads_stay_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Slow()
    monkeypatch.setattr(sys, "stderr", err)
    said = [f"n{number}.txt is in the store already" for number in range(40)]
    with progress_for(True) as progress, ThreadPoolExecutor(8) as pool:
        list(pool.map(progress.note, said))
    assert sorted(err.getvalue().splitlines()) == sorted(said)
