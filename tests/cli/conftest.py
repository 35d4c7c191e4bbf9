from __future__ import annotations

from pathlib import Path

import pytest
from support.stores import moto_address
from support.terminal import run

__all__ = ["moto_address", "run"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "notes.txt").write_bytes(b"The finished work.\n")
    (folder / "more.txt").write_bytes(b"And more of it.\n")
    return folder
