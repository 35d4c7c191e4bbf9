from __future__ import annotations

import os
from pathlib import Path

from delivery.packing.workspace import PREFIX, Workspace, is_abandoned

LONG_AGO = (1_790_000_000, 1_790_000_000)


def left_behind(out: Path) -> Path:
    leftover = out / f"{PREFIX}0badcafe"
    (leftover / "ready").mkdir(parents=True)
    (leftover / "lock").touch()
    return leftover


def test_what_a_killed_run_left_is_abandoned(tmp_path: Path) -> None:
    os.utime(left_behind(tmp_path), LONG_AGO)
    assert is_abandoned(tmp_path)


def test_a_run_that_is_just_starting_is_left_alone(tmp_path: Path) -> None:
    """Its lock is there, and nobody holds it for a moment."""
    left_behind(tmp_path)
    assert not is_abandoned(tmp_path)


def test_a_run_at_work_is_left_alone_however_old_it_is(tmp_path: Path) -> None:
    with Workspace(tmp_path / "out") as workspace:
        os.utime(workspace.folder.parent, LONG_AGO)
        assert not is_abandoned(tmp_path / "out")
        workspace.publish([])


def test_an_empty_folder_or_one_with_work_in_it_is_nobodys_leftover(tmp_path: Path) -> None:
    assert not is_abandoned(tmp_path)
    os.utime(left_behind(tmp_path), LONG_AGO)
    (tmp_path / "notes.txt").touch()
    assert not is_abandoned(tmp_path)
    assert not is_abandoned(tmp_path / "absent")
