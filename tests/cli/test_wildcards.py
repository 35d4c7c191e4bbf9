"""``*.jpg`` as a shell of Windows hands it over, tried on every system."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from support.terminal import Run

from delivery.cli import wildcards


@pytest.fixture(autouse=True)
def left_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wildcards, "_LEFT_TO_US", True)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    folder.mkdir()
    for name in ("b.txt", "a.txt", "note.md", "photo[1].txt"):
        (folder / name).write_text(f"the words of {name}")
    return folder


def checked(run, *paths: Path) -> list[str]:
    done = run("check", *paths, "--json")
    assert done.code == 0, done.err
    return [file["name"] for file in done.document["files"]]


def test_what_matches_is_delivered(run: Run, photos: Path) -> None:
    assert checked(run, photos / "?.txt", photos / "no*") == ["a.txt", "b.txt", "note.md"]


def test_a_bracket_is_part_of_a_name(run: Run, photos: Path) -> None:
    assert checked(run, photos / "photo[1].t*") == ["photo[1].txt"]
    assert checked(run, photos / "photo[1].txt") == ["photo[1].txt"]


def test_all_are_meant_by_what_means_all_there(run: Run, photos: Path) -> None:
    (photos / "LICENSE").write_text("as you like")
    named = checked(run, photos / "*.*")
    assert named == checked(run, photos / "*") and "LICENSE" in named


def test_what_is_hidden_is_not_meant(run: Run, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lstat = os.lstat

    class Hidden:
        st_file_attributes = stat.FILE_ATTRIBUTE_HIDDEN | stat.FILE_ATTRIBUTE_SYSTEM

        def __init__(self, path: str) -> None:
            self._status = lstat(path)

        def __getattr__(self, name: str) -> object:
            return getattr(self._status, name)

    monkeypatch.setattr(os, "lstat", lambda path, **more: (Hidden if "note" in str(path) else lstat)(path, **more))
    assert checked(run, photos / "*") == ["a.txt", "b.txt", "photo[1].txt"]
    assert checked(run, photos / "note.md") == ["note.md"]


@pytest.mark.parametrize("command", ["check", "send", "pack", "upload"])
def test_what_nothing_matches_is_told(run: Run, photos: Path, command: str) -> None:
    done = run(command, photos / "*.jpg")
    assert done.code == 4 and "*.jpg" in done.err and "hint: check the spelling" in done.err


def test_a_shell_of_posix_has_done_it_before(run: Run, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wildcards, "_LEFT_TO_US", False)
    done = run("check", photos / "*.txt")
    assert done.code == 4 and "does not exist" in done.err
