"""The committed WebAssembly is what its source gives."""

from __future__ import annotations

import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest


@pytest.mark.skipif(
    not (shutil.which("clang-14") and shutil.which("wasm-ld-14")),
    reason="clang 14, which it was built with, is not installed",
)
def test_the_module_is_built_from_its_source(tmp_path: Path) -> None:
    folder = resources.files("delivery.web").joinpath("assets", "wasm")
    source = tmp_path / "sha256.c"
    source.write_bytes(folder.joinpath("sha256.c").read_bytes())
    (command,) = [line for line in source.read_text().splitlines() if line.startswith(" *   clang ")]
    words = command.removeprefix(" *").split()
    subprocess.run(["clang-14", "-fuse-ld=/usr/bin/wasm-ld-14", *words[1:]], cwd=tmp_path, check=True)
    assert (tmp_path / "sha256.wasm").read_bytes() == folder.joinpath("sha256.wasm").read_bytes()
