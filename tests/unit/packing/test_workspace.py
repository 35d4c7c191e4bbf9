from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import IO, Any
from unittest.mock import Mock

import pytest

from delivery.errors import LocalError
from delivery.lock import try_lock
from delivery.model import Deliverable
from delivery.packing import workspace as workspace_module
from delivery.packing.work import refuse_out
from delivery.packing.workspace import PREFIX, Workspace, is_abandoned, refuse_unfit

LONG_AGO = (1_790_000_000, 1_790_000_000)


def left_behind(out: Path) -> Path:
    leftover = out / f"{PREFIX}0badcafe"
    (leftover / "ready").mkdir(parents=True)
    (leftover / "lock").touch()
    return leftover


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("lock", [True, False])
def test_what_a_killed_run_left_is_removed_by_the_next_one_at_once(tmp_path: Path, lock: bool, old: bool) -> None:
    """It may have been killed before it had a lock, or while it removed its folder."""
    leftover = left_behind(tmp_path)
    if not lock:
        (leftover / "lock").unlink()
    if old:
        os.utime(leftover, LONG_AGO)
    assert is_abandoned(tmp_path)
    with Workspace(tmp_path) as workspace:
        assert not leftover.exists()
        workspace.publish([])


def test_a_run_that_is_just_starting_is_left_alone(tmp_path: Path) -> None:
    """Its lock is there, and nobody holds it for a moment."""
    leftover = left_behind(tmp_path)
    held: list[IO[bytes]] = []

    def take() -> None:
        time.sleep(0.1)
        held.append((leftover / "lock").open("r+b"))
        while not try_lock(held[0].fileno()):
            time.sleep(0.001)

    starting = threading.Thread(target=take)
    starting.start()
    try:
        assert not is_abandoned(tmp_path)
        with pytest.raises(LocalError, match="another run"), Workspace(tmp_path):
            pass
    finally:
        starting.join()
        held[0].close()


@pytest.mark.parametrize("answer", [OSError(errno.ENOTSUP, "no locks here"), False])
def test_where_no_lock_is_to_be_had_a_run_goes_without(
    answer: OSError | bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        workspace_module, "try_lock", Mock(side_effect=[answer] if answer else None, return_value=answer)
    )
    with Workspace(tmp_path / "out") as workspace:
        (workspace.folder / "a.txt").touch()
        workspace.publish(["a.txt"])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EACCES])
def test_what_may_be_another_runs_or_a_killed_ones_is_named_so_that_it_can_be_removed(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would ever end it: waiting for another run is no advice where the disk knows no locks."""
    leftover = left_behind(tmp_path)
    os.utime(leftover, LONG_AGO)
    monkeypatch.setattr(workspace_module, "try_lock", Mock(side_effect=OSError(number, os.strerror(number))))
    assert not is_abandoned(tmp_path)
    with pytest.raises(LocalError, match=f"{leftover.name} cannot be told") as caught, Workspace(tmp_path):
        pass
    assert "remove that folder" in caught.value.hint
    assert leftover.exists()


def test_a_disk_that_has_gone_hides_no_error(tmp_path: Path) -> None:
    """A file system in user space refuses even to close, once its program has ended."""
    workspace = Workspace(tmp_path / "out")
    with pytest.raises(ZeroDivisionError), workspace:
        lock = workspace._lock
        assert lock is not None
        lock.close()
        workspace._lock = Mock(close=Mock(side_effect=OSError(errno.ENOTCONN, "not connected")))
        raise ZeroDivisionError
    assert not (tmp_path / "out").exists()


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


def test_a_folder_that_cannot_be_made_ready_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir

    def full(path: Path, *given: Any, **more: Any) -> None:
        if path.name == "scratch":
            raise OSError(errno.ENOSPC, "No space left on device")
        make(path, *given, **more)

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(LocalError), Workspace(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_failure_takes_the_folders_above_with_it_that_were_made(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(LocalError), Workspace(tmp_path / "there" / "a" / "b") as workspace:
        assert workspace.folder.is_dir()
        raise LocalError("no")
    assert list(tmp_path.iterdir()) == [tmp_path / "there"] and list((tmp_path / "there").iterdir()) == []
    with pytest.raises(LocalError), Workspace(tmp_path / "a" / "b"):
        (tmp_path / "a" / "mine.txt").touch()
        raise LocalError("no")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine.txt"]


def test_what_was_published_goes_again_where_the_rest_of_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Workspace(tmp_path / "out") as workspace:
        (workspace.folder / "a.txt").write_bytes(b"a")
        workspace.publish(["a.txt"])
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_makes_no_folder_unfit_and_stays_until_a_run_comes(tmp_path: Path) -> None:
    leftover = left_behind(tmp_path)
    os.utime(leftover, LONG_AGO)
    refuse_unfit(tmp_path)
    refuse_unfit(tmp_path / "absent" / "too")
    assert (leftover / "lock").exists()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(LocalError, match=r"it holds notes\.txt"):
        refuse_unfit(tmp_path)


def test_among_others_only_its_own_names_are_in_the_way_and_not_what_a_killed_run_left(tmp_path: Path) -> None:
    leftover = left_behind(tmp_path)
    os.utime(leftover, LONG_AGO)
    (tmp_path / "notes.txt").touch()
    refuse_unfit(tmp_path, ["film.mov", leftover.name])
    with pytest.raises(LocalError, match=r"notes\.txt exists already"):
        refuse_unfit(tmp_path, ["film.mov", "notes.txt"])


def test_a_folder_that_a_run_writes_into_is_unfit(tmp_path: Path) -> None:
    with Workspace(tmp_path / "out") as workspace:
        with pytest.raises(LocalError, match="another run"):
            refuse_unfit(tmp_path / "out")
        workspace.publish([])


def test_an_output_folder_of_which_windows_knows_no_true_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def realpath(path: str | os.PathLike[str]) -> str:
        raise OSError(errno.EBADF, "The handle is invalid")

    monkeypatch.setattr(os.path, "realpath", realpath)
    with pytest.raises(LocalError, match=r"con\.txt cannot be written: The handle is invalid"):
        refuse_out(tmp_path / "con.txt", Deliverable("work", ()))
