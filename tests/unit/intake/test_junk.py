"""What is left out of a delivery, and why."""

from __future__ import annotations

import os

import pytest

from delivery.errors import LocalError
from delivery.fetching.place import WORK
from delivery.intake.junk import Filter, junk_reason
from delivery.packing.workspace import PREFIX


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "._photo.jpg", "Thumbs.db", "THUMBS.DB", "desktop.ini", "Icon\r", "report.docx~", ".main.py.swp",
     "~$report.docx", ".~lock.report.odt#", "scene.blend1", "module.pyc", "~WRL0001.tmp"],
)  # fmt: skip
def test_leftovers_of_systems_and_editors_are_junk(name):
    assert junk_reason(name, is_dir=False)


@pytest.mark.parametrize(
    "name",
    ["__MACOSX", "node_modules", "__pycache__", ".cache", ".pytest_cache", "$Recycle.Bin", WORK, f"{PREFIX}0a1b2c3d"],
)
def test_folders_of_leftovers_are_junk(name):
    assert junk_reason(name, is_dir=True)
    assert junk_reason(name, is_dir=False) is None


@pytest.mark.parametrize(
    "name",
    [
        "database.bak",
        "logo.psd",
        "notes.tmp",
        "build",
        "dist",
        "cache.png",
        "a.part",
        ".htaccess",
        ".gitignore",
        "Icon",
    ],
)
def test_what_could_be_the_work_is_not_junk(name):
    assert junk_reason(name, is_dir=False) is None
    assert junk_reason(name, is_dir=True) is None


def test_the_filter_leaves_out_junk_unless_told_to_keep_it(tmp_path):
    assert Filter(tmp_path).leave_out("deep/.DS_Store", False) == "folder settings of macOS"
    assert Filter(tmp_path, keep_junk=True).leave_out("deep/.DS_Store", False) is None
    assert Filter(tmp_path).leave_out("deep/photo.jpg", False) is None


def test_a_deliveryignore_works_like_a_gitignore(tmp_path):
    (tmp_path / ".deliveryignore").write_text("# mine\n*.psd\n!keep.psd\n/raw/\nnotes/**/old\n", encoding="utf-8")
    leave_out = Filter(tmp_path).leave_out
    assert leave_out("a.psd", False) == "named in .deliveryignore"
    assert leave_out("deep/a.psd", False)
    assert leave_out("keep.psd", False) is None
    assert leave_out("raw", True)
    assert leave_out("raw", False) is None
    assert leave_out("deep/raw", True) is None
    assert leave_out("notes/x/y/old", False)
    assert leave_out("# mine", False) is None


def test_the_deepest_deliveryignore_decides(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / ".deliveryignore").write_text("*.txt\n")
    (tmp_path / "sub" / ".deliveryignore").write_text("!read.txt\n*.md\n")
    leave_out = Filter(tmp_path).leave_out
    assert leave_out("read.txt", False)
    assert leave_out("sub/read.txt", False) is None
    assert leave_out("sub/other.txt", False)
    assert leave_out("sub/a.md", False)
    assert leave_out("a.md", False) is None


def test_junk_can_be_taken_back_by_name(tmp_path):
    (tmp_path / ".deliveryignore").write_text("!node_modules/\n")
    assert Filter(tmp_path).leave_out("node_modules", True) is None


def test_keep_junk_does_not_switch_the_deliveryignore_off(tmp_path):
    (tmp_path / ".deliveryignore").write_text("*.psd\n")
    assert Filter(tmp_path, keep_junk=True).leave_out("a.psd", False)


def test_the_deliveryignore_itself_stays_behind(tmp_path):
    assert Filter(tmp_path).leave_out(".deliveryignore", False)
    assert Filter(tmp_path, keep_junk=True).leave_out(".deliveryignore", False) is None


def test_a_broken_deliveryignore_is_named(tmp_path):
    (tmp_path / ".deliveryignore").write_bytes(b"\xff\xfe*\x00")
    with pytest.raises(LocalError, match="not UTF-8"):
        Filter(tmp_path).leave_out("a", False)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such names")
def test_a_hostile_name_in_front_of_a_broken_deliveryignore_is_shown_harmlessly(tmp_path):
    folder = tmp_path / "a\nerror: b\x1b[2J"
    folder.mkdir()
    (folder / ".deliveryignore").write_bytes(b"\xff")
    with pytest.raises(LocalError, match=r"a\\x0aerror: b\\x1b\[2J/\.deliveryignore is not UTF-8"):
        Filter(folder).leave_out("a", False)


def test_a_deliveryignore_that_is_a_folder_is_no_list(tmp_path):
    (tmp_path / ".deliveryignore").mkdir()
    assert Filter(tmp_path).leave_out("a.psd", False) is None
