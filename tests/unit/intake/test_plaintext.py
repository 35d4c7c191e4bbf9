from __future__ import annotations

import pytest

from delivery.intake.plaintext import plain_text_type


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.txt", b"hello\n", "text/plain"),
        ("data.CSV", b"a,b\n1,2\n", "text/csv"),
        ("a/b.py", b'"""Doc."""\nimport os\n', "text/x-python"),
        ("x.json", b' {"a": 1}', "application/json"),
        ("umlaut.md", "# Größe".encode(), "text/markdown"),
        ("cut.txt", "Größ".encode()[:-1], "text/plain"),
    ],
)
def test_text_is_told_by_its_name_once_its_content_is_text(name: str, head: bytes, kind: str) -> None:
    assert plain_text_type(name, head) == kind


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.txt", b"\x89PNG\r\n\x1a\n"),
        ("a.txt", b"%PDF-1.7\n"),
        ("a.txt", b"<!doctype html>"),
        ("a.txt", b"{\\rtf1 "),
        ("a.txt", b"hello\0world"),
        ("a.txt", b"caf\xe9 latin1"),
        ("a.csv", b"\xff\xfea\0,\0"),
        ("x.json", b"not json"),
        ("photo.jpg", b"just text"),
        ("noextension", b"just text"),
    ],
)
def test_all_else_takes_a_closer_look(name: str, head: bytes) -> None:
    assert plain_text_type(name, head) is None
