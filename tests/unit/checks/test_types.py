"""libmagic's own traps, typed right: zips that are documents, texts that are tables, boxes that are not all videos."""

from __future__ import annotations

import pytest
from support import corpus

from delivery.intake.types import media_type

OFFICE = "application/vnd.openxmlformats-officedocument"
TRAPS = {
    "letter.docx": f"{OFFICE}.wordprocessingml.document",
    "table.xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "slides.pptx": f"{OFFICE}.presentationml.presentation",
    "letter.odt": "application/vnd.oasis.opendocument.text",
    "work.zip": "application/zip",
    "data.csv": "text/csv",
    "vector.svg": "image/svg+xml",
    "clip.mp4": "video/mp4",
    "clip.mov": "video/quicktime",
    "picture.webp": "image/webp",
    "photo.heic": "image/heic",
    "photo.avif": "image/avif",
    "clip.webm": "video/webm",
    "clip.mkv": "video/x-matroska",
    "layers.psd": "image/vnd.adobe.photoshop",
    "drawing.ai": "application/pdf",
    "data.json": "application/json",
    "letters.woff2": "font/woff2",
    "scene.blend": "application/x-blender",
    "notes.txt": "text/plain",
}
FILES = corpus.good()


@pytest.mark.parametrize("name", TRAPS)
def test_the_traps_are_typed_right(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    assert media_type(str(path), len(FILES[name])) == TRAPS[name]


def test_a_small_drawing_without_a_declaration_is_one(tmp_path):
    path = tmp_path / "a.svg"
    path.write_bytes(b'<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>')
    assert media_type(str(path), path.stat().st_size) == "image/svg+xml"


def test_a_table_with_semicolons_is_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("Name;Preis\nGrün;1,50\nBlau;2,00\n".encode("cp1252"))
    assert media_type(str(path), path.stat().st_size) == "text/csv"
