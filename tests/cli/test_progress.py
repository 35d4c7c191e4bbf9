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


@pytest.mark.parametrize(("shown", "quiet", "said"), [(False, False, ["told"]), (False, True, []), (True, True, [])])
def test_without_progress_what_matters_is_still_told(
    shown: bool, quiet: bool, said: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.cli.progress._INTERVAL", 0.0)
    with progress_for(shown, quiet=quiet) as progress, progress.task("uploading", 2, "files") as task:
        task.advance(1)
        progress.note("told")
    assert capsys.readouterr().err.splitlines() == said
