"""A junction: a real one on Windows; elsewhere a folder of which the system says what Windows says of one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest


def make_junction(link: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        import _winapi

        _winapi.CreateJunction(str(target), str(link))
        return
    link.mkdir()
    (link / "inside").write_text("x")
    look = os.lstat

    def lstat(path, **options):
        if os.fspath(path) == str(link):
            return SimpleNamespace(st_mode=look(path).st_mode, st_reparse_tag=0xA0000003)
        return look(path, **options)

    monkeypatch.setattr(os, "lstat", lstat)
