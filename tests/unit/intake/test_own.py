"""The tool's own files never go along, whatever was named."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery import LocalError, check, places
from delivery.intake import take_in, walk
from delivery.ledger import Ledger


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tool's own folder, with all that it keeps, and a file beside that is none of it."""
    home = tmp_path / "home"
    monkeypatch.setenv("DELIVERY_HOME", str(home))
    Ledger(home).list(limit=1, now=datetime.now(UTC))
    for place in ("store/identity.json", "store/files/a/film.mov", "state/uploads/a.jsonl", "config.ini"):
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / place).write_text("[delivery]\n" if place == "config.ini" else "{}")
    (home / "final").mkdir()
    (home / "final" / "notes.txt").write_text("The finished work.\n")
    return home


@pytest.mark.parametrize(
    "inside", ["store", "store/files/a", "store/identity.json", "state", "ledger.sqlite3", "config.ini"]
)
def test_what_the_tool_keeps_is_left_out_when_it_is_named(kept: Path, inside: str) -> None:
    with pytest.raises(LocalError, match="settings and records of this tool") as refused:
        check([kept / inside])
    assert refused.value.code == "nothing-to-deliver"


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links")
def test_a_link_to_it_is_no_way_round(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "film.mov").symlink_to(kept / "store/files/a/film.mov")
    (tmp_path / "deep").symlink_to(kept / "store/files")
    for named in (tmp_path / "film.mov", tmp_path / "deep/a/film.mov", tmp_path / "deep/../files/a/film.mov"):
        with pytest.raises(LocalError, match="settings and records of this tool"):
            check([named])
    (kept.parent / "a.txt").write_text("a\n")
    with check([kept.parent]) as inspection:
        assert [entry.arcname for entry in inspection.deliverable.entries] == ["a.txt"]


def test_each_folder_is_looked_at_once_however_many_of_its_files_are_named(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (kept / "final" / f"{number}.txt").write_text("The finished work.\n")
    seen: list[Path] = []
    monkeypatch.setattr(walk, "_reason", lambda own, place: seen.append(place))
    take_in(sorted((kept / "final").iterdir()), own=[kept / "config.ini"])
    assert len(seen) == len(set(seen)) == len([kept, *kept.parents]) + 1


def test_work_that_lies_beside_it_is_delivered(kept: Path) -> None:
    with check([kept]) as whole, check([kept / "final"]) as work:
        assert [entry.arcname for entry in whole.deliverable.entries] == ["final/notes.txt"]
        assert {item.path for item in whole.deliverable.left_out} >= {
            "store/",
            "state/",
            "config.ini",
            "ledger.sqlite3",
        }
        assert [entry.arcname for entry in work.deliverable.entries] == ["notes.txt"]


def test_the_folder_that_it_lies_in_is_left_out_of_a_larger_one(kept: Path) -> None:
    (kept.parent / "a.txt").write_text("a\n")
    with check([kept.parent]) as inspection:
        assert [entry.arcname for entry in inspection.deliverable.entries] == ["a.txt"]
        (found,) = (finding for finding in inspection.findings if finding.code == "left-out")
    assert "the tool's own never goes along" in found.hint


def test_where_all_of_it_lies_in_one_folder_so_does_the_work_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS and Windows."""
    monkeypatch.delenv("DELIVERY_HOME")
    for kind in ("config", "data", "state"):
        monkeypatch.setattr(f"platformdirs.user_{kind}_path", lambda *_, **__: tmp_path)
    for place in ("uploads/a.jsonl", "inputs/b/1.txt", "cleaned/c.jpg", "store/d", "final/notes.txt"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("The finished work.\n")
    left = take_in([tmp_path], own=places.own_files(), shared=places.own_folders())
    assert [entry.arcname for entry in left.entries] == ["final/notes.txt"]
    named = take_in([tmp_path / "final"], own=places.own_files(), shared=places.own_folders())
    assert [entry.arcname for entry in named.entries] == ["notes.txt"]
