"""The link way in a browser: sent with the command, opened by the embedded store's signed link, saved, expired."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
FOLDER = """
self.showDirectoryPicker = async () => {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle("picked", { create: true });
};
"""


def delivery(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "cli.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


@pytest.fixture(autouse=True)
def _no_store_left_behind(home: Path) -> Iterator[None]:
    yield
    delivery("store", "stop")


@pytest.mark.skipif(shutil.which("rclone", path=str(Path(sys.executable).parent)) is None, reason="no embedded store")
def test_what_was_sent_is_seen_saved_checked_and_ends(visit: Any, tmp_path: Path) -> None:
    work = tmp_path / "final"
    work.mkdir()
    Image.linear_gradient("L").convert("RGB").save(work / "hero.png")
    (work / "notes – ملف.txt").write_text("Thank you.\n" * 50)
    (work / "data.bin").write_bytes(bytes(range(256)) * 4000)
    shutil.copy(ROOT / "sample" / "jingle.wav", work)
    made = json.loads(
        delivery("send", work, "--via", "link", "--expires", "25s", "--out", tmp_path / "out", "--json").stdout
    )
    ended = ("400", "403")  # the page asks itself for the store's clock once its link has ended
    page = visit(made["page"]["url"], script=FOLDER, allowed=ended)
    page.locator("details.preview summary").first.click()
    expect(page.locator("details.preview img")).to_have_js_property("naturalWidth", 256)
    page.locator("details.preview summary").last.click()
    sound = page.locator("details.preview audio")
    sound.evaluate("sound => { sound.preload = 'auto'; sound.load(); }")
    expect(sound).to_have_js_property("readyState", 4)
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("All 4 files are saved", timeout=15_000)
    expect(page.locator("#expired")).to_be_visible(timeout=40_000)
