from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from delivery.errors import MissingDependencyError
from delivery.intake import types
from delivery.intake.types import media_type, media_type_of

SAMPLE = Path(__file__).parents[3] / "sample"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cover.jpg", "image/jpeg"), ("logo.png", "image/png"), ("logo.svg", "image/svg+xml"),
        ("brochure.pdf", "application/pdf"), ("teaser.mp4", "video/mp4"), ("jingle.wav", "audio/vnd.wave"),
        ("read-me-first.txt", "text/plain"),
    ],
)  # fmt: skip
def test_real_files_are_told_by_their_content(name: str, kind: str) -> None:
    path = SAMPLE / name
    assert media_type(str(path), path.stat().st_size) == kind


def test_an_empty_file_needs_no_library() -> None:
    assert media_type("does-not-matter", 0) == "inode/x-empty"


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        (["a.txt"], "application/zip"),
        (["[Content_Types].xml", "_rels/.rels", "word/document.xml"],
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (["[Content_Types].xml", "xl/workbook.xml"],
         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (["META-INF/MANIFEST.MF"], "application/java-archive"),
    ],
)  # fmt: skip
def test_zips_are_told_apart_by_what_they_hold(tmp_path: Path, members: list[str], kind: str) -> None:
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    assert media_type(str(path), path.stat().st_size) == kind


def test_a_declared_type_inside_a_zip_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", "<x/>")
    assert media_type_of(path.read_bytes()) == "application/vnd.oasis.opendocument.text"


def test_a_missing_libmagic_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(types._per_thread, "magic", raising=False)
    monkeypatch.setattr(types.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "magic", None)
    with pytest.raises(MissingDependencyError) as caught:
        media_type_of(b"hello")
    assert "pip install" in caught.value.hint
    assert caught.value.exit_code == 2
