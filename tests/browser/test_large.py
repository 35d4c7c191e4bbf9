"""JOIN.html with a file over a gigabyte: equal by SHA-256, and memory that does not grow with it."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from delivery.packing import joiner
from delivery.web.words import words

MIB = 1 << 20
SIZE = 1200 * MIB
VOLUME = 250 * MIB
NAME = "master.mov"
GROWTH = 150 * MIB
"""What the browser may take more than before, all of its processes together."""


def write_volumes(folder: Path) -> tuple[dict[str, Any], list[Path], str]:
    """Volumes whose every MiB differs, without a gigabyte of random numbers."""
    whole, parts, paths = hashlib.sha256(), [], []
    seed = hashlib.shake_256(b"large").digest(MIB)
    for order, offset in enumerate(range(0, SIZE, VOLUME), start=1):
        digest, path = hashlib.sha256(), folder / f"{NAME}.{order:03}"
        size = min(VOLUME, SIZE - offset)
        with path.open("wb") as out:
            for at in range(offset // MIB, (offset + size) // MIB):
                block = at.to_bytes(8, "big") + seed[8:]
                out.write(block)
                digest.update(block)
                whole.update(block)
        paths.append(path)
        record = {"filename": path.name, "kind": "volume", "size": size, "sha256": digest.hexdigest()}
        parts.append({**record, "file": NAME, "order": order})
    file = {"path": NAME, "size": SIZE, "sha256": whole.hexdigest()}
    return {"files": [file], "parts": parts}, paths, whole.hexdigest()


def browser_memory(profile: str) -> int:
    """Unshared memory of the browser's processes, in bytes."""
    total = 0
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if profile.encode() in (process / "cmdline").read_bytes():
                rollup = (process / "smaps_rollup").read_text()
                total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Private_"))
        except OSError:
            continue
    return total


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is measured through /proc")
def test_over_a_gigabyte_joins_within_bounded_memory(visit: Any, tmp_path: Path) -> None:
    document, paths, sha256 = write_volumes(tmp_path)
    (tmp_path / "JOIN.html").write_bytes(joiner.page(document))
    page = visit((tmp_path / "JOIN.html").as_uri(), script="self.showSaveFilePicker = undefined;")
    before = browser_memory("chrom")
    peak = before
    begun = time.monotonic()
    page.set_input_files("#choose", [str(path) for path in reversed(paths)])
    status = page.locator(".whole [role=status]")
    for _ in range(1200):
        peak = max(peak, browser_memory("chrom"))
        if status.text_content() == words("en", "joiner")["whole_good"]:
            break
        page.wait_for_timeout(100)
    checked = time.monotonic() - begun
    expect(status).to_have_text(words("en", "joiner")["whole_good"])
    with page.expect_download(timeout=120_000) as waited:
        page.click(".whole button")
    saved = Path(waited.value.path())
    peak = max(peak, browser_memory("chrom"))
    with saved.open("rb") as stream:
        assert hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    print(f"checked in {checked:.1f} s, memory grew by {(peak - before) / 1e6:.0f} MB")
    assert peak - before < GROWTH
    saved.unlink()
    for path in paths:
        path.unlink()
