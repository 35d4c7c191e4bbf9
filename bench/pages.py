"""What the buyer's pages and the proof sheet cost: ``python bench/pages.py``.

The sheet is made in a process of its own each time, for its time and peak memory (Linux). The digests are worked out in
Chromium, WebAssembly and plain JavaScript in turn, over a file that lies on the disk.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SHEET = """
import re, sys, time
from datetime import datetime, UTC
from pathlib import Path
from delivery.model import FileEntry
from delivery.packing import proof
folder, files, pictures = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
photo = str(folder / "photo.jpg")
entries = [FileEntry(photo, f"photos/{n:05}.jpg", 5_000_000, 0, media_type="image/jpeg", sha256="ab" * 32)
           for n in range(pictures)]
entries += [FileEntry("x", f"data/{n:06}.bin", n, 0, sha256="cd" * 32) for n in range(files - pictures)]
(folder / "out").mkdir(exist_ok=True)
begun = time.perf_counter()
made = proof.write(folder / "out", name="bench", files=entries, when=datetime.now(UTC))
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(time.perf_counter() - begun, peak, made.stat().st_size)
"""


def sheets(folder: Path) -> None:
    from PIL import Image

    Image.effect_noise((6000, 4000), 60).convert("RGB").save(folder / "photo.jpg", quality=85)
    print(f"{'proof sheet':34}{'seconds':>9}{'peak RSS':>11}{'bytes':>11}")
    for files, pictures in ((10, 0), (100, 24), (100_000, 0), (100_000, 1000)):
        runs = []
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", SHEET, str(folder), str(files), str(pictures)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            runs.append([float(value) for value in done.stdout.split()])
        seconds, rss, size = (statistics.median(column) for column in zip(*runs, strict=True))
        label = f"{files:,} files, {pictures:,} 24 MP photos"
        print(f"{label:34}{seconds:9.2f}{rss / 1024:8.0f} MB{size:11,.0f}")


def digests(folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    from delivery.packing import joiner

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        print("no Chromium is installed")
        return
    size = 256 << 20
    with (folder / "large").open("wb") as out:
        for _ in range(256):
            out.write(b"\x5a" * (1 << 20))
    (folder / "JOIN.html").write_bytes(joiner.page({"files": [], "parts": []}))
    rates: dict[str, list[float]] = {"WebAssembly": [], "JavaScript": []}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(3):
            for kind, found in rates.items():
                context = browser.new_context()
                if kind == "JavaScript":
                    context.add_init_script("delete self.WebAssembly;")
                page = context.new_page()
                page.goto((folder / "JOIN.html").as_uri())
                page.evaluate(
                    """() => { const zone = document.getElementById("choose"), fresh = zone.cloneNode();
                      fresh.id = "bench"; document.body.append(fresh); }"""
                )
                page.set_input_files("#bench", str(folder / "large"))
                begun = time.perf_counter()
                page.evaluate("() => hashing(document.getElementById('bench').files[0]).result")
                found.append(size / 1e6 / (time.perf_counter() - begun))
                context.close()
        browser.close()
    print(f"\n{'SHA-256 in Chromium':34}{'MB/s':>9}")
    for kind, found in rates.items():
        print(f"{kind:34}{statistics.median(found):9.0f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sheets(Path(name))
        digests(Path(name))
