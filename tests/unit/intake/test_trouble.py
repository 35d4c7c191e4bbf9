"""What is named by mistake is refused before it is walked, and the same for every verb."""

from __future__ import annotations

import errno
import ntpath
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import delivery
from delivery.errors import LocalError, UsageError
from delivery.intake import take_in, trouble, windows_paths
from delivery.intake.source import unreadable
from delivery.packing.trouble import writing


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with work in it."""
    owner = tmp_path / "jane"
    (owner / "work").mkdir(parents=True)
    (owner / "work" / "logo.txt").write_text("x")
    monkeypatch.setenv("HOME", str(owner))
    monkeypatch.setenv("USERPROFILE", str(owner))
    return owner


def refused(*paths: Path, verb: Callable[..., object] = take_in) -> UsageError:
    with pytest.raises(UsageError) as caught:
        verb(paths)
    assert caught.value.code == "too-much" and caught.value.hint
    return caught.value


@pytest.mark.parametrize("verb", [delivery.check, delivery.pack, delivery.upload, delivery.send])
def test_the_root_and_the_home_folder_are_refused_by_every_verb_before_they_are_walked(
    owner: Path, monkeypatch: pytest.MonkeyPatch, verb: Callable[..., object]
) -> None:
    monkeypatch.setattr(os, "scandir", lambda place: pytest.fail(f"{place} was walked"))
    assert "the whole" in str(refused(Path(owner.anchor), verb=verb))
    assert "your home folder" in str(refused(owner, verb=verb))
    refused(owner / "work", owner / "work" / "..", verb=verb)


def test_the_current_folder_is_refused_where_it_is_the_home_folder(
    owner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(owner)
    refused(Path())
    assert [entry.arcname for entry in take_in(["work"]).entries] == ["logo.txt"]


def test_what_lies_in_the_home_folder_or_around_it_is_taken(owner: Path) -> None:
    assert take_in([owner / "work"]).entries and take_in([owner.parent]).entries


@pytest.mark.parametrize(
    ("place", "what"),
    [("E:\\", "the whole of the drive E:"), ("E:\\work", ""), ("\\\\nas\\job\\", ""), ("C:\\Users", "")],
)
def test_a_drive_of_windows_is_and_a_share_is_not(monkeypatch: pytest.MonkeyPatch, place: str, what: str) -> None:
    monkeypatch.setattr(os, "path", ntpath)
    monkeypatch.setattr(ntpath, "samefile", lambda one, other: False)
    assert trouble._too_much(place) == what


def test_without_a_home_the_work_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "gone"))
    (tmp_path / "a.txt").write_text("x")
    assert take_in([tmp_path]).entries


INVALID_NAME = OSError(errno.EINVAL, "The filename, directory name, or volume label syntax is incorrect")
"""What Windows answers for a name that can be no file's."""


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ('C:\\work"', "leave out the backslash"),
        ('work" -p gmail', "leave out"),
        ("a|b", "< > :"),
        ("C:\table", "control"),
    ],
)
def test_a_name_that_windows_cannot_have_is_told_as_such(path: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_paths, "_ON_WINDOWS", True)
    missing = trouble.no_such_path(Path(path), INVALID_NAME)
    assert "does not exist" in str(missing) and hint in missing.hint
    assert hint in unreadable(path, INVALID_NAME).hint
    with pytest.raises(LocalError) as caught, writing(path):
        raise INVALID_NAME
    assert hint in caught.value.hint


@pytest.mark.parametrize(("system", "path"), [(True, '"C:\\work"'), (False, '/media/stick/5"')])
def test_quotes_that_no_backslash_left_are_not_laid_on_one(
    monkeypatch: pytest.MonkeyPatch, system: bool, path: str
) -> None:
    """As in a configuration, and on a stick with FAT."""
    monkeypatch.setattr(windows_paths, "_ON_WINDOWS", system)
    with pytest.raises(LocalError) as caught, writing(path):
        raise INVALID_NAME
    assert "no name there" in caught.value.hint


def test_a_name_that_is_too_long_is_not_laid_on_the_disk(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="too long") as caught:
        take_in([tmp_path / ("a" * 300)])
    assert "shorten its name" in caught.value.hint


def test_another_error_of_that_number_is_not_laid_on_the_name() -> None:
    assert "connected" in unreadable("C:\\work", INVALID_NAME).hint
    assert "connected" in unreadable("\\\\?\\C:\\work", INVALID_NAME).hint
    assert "permissions" in unreadable("a|b", PermissionError(errno.EACCES, "Permission denied")).hint
