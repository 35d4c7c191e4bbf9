from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import delivery

SAMPLE = Path(__file__).with_name("sample.py")


def test_the_sample_uses_every_public_name() -> None:
    tree = ast.parse(SAMPLE.read_text("utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "delivery"
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert imported == set(delivery.__all__) and imported <= used


@pytest.mark.heavy
def test_a_callers_program_is_checked_by_mypy_strict(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path), str(SAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
