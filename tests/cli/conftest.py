from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "notes.txt").write_bytes(b"The finished work.\n")
    (folder / "more.txt").write_bytes(b"And more of it.\n")
    return folder
