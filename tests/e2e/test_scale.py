"""Large and many, by the command line: the right way, byte for byte, and flat memory."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from delivery import report

ROOT = Path(__file__).parents[2]
MOST_MEMORY = 150 * 1024**2

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(os.name != "posix", reason="measures with getrusage")]


@pytest.fixture(autouse=True)
def _no_store_left_behind(home: Path) -> Iterator[None]:
    yield
    subprocess.run([sys.executable, ROOT / "cli.py", "store", "stop"], capture_output=True, check=True)
    shutil.rmtree(home / "store", ignore_errors=True)


MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:], stdout=open(sys.argv[1], "wb"))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
"""Starts the command from a small process: a child's peak begins with its parent's, and a test run's is large."""


def delivered(tmp_path: Path, *arguments: str | Path) -> tuple[dict[str, Any], int]:
    """The document of one `send`, and the most memory that its process held, in bytes."""
    out = tmp_path / "document.json"
    command = [sys.executable, ROOT / "cli.py", "send", *arguments, "--json", "--no-progress"]
    words = [sys.executable, "-c", MEASURED, *map(str, [out, *command])]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, out.read_text()[:2000]
    document = json.loads(out.read_text())
    jsonschema.validate({**document, "files": document["files"][:100]}, report.schema("delivery.send/1"))
    return document, int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 files of 400 MB: a third of them text, the rest as dense as photographs and films are."""
    folder = tmp_path_factory.mktemp("scale") / "mixed"
    chance = random.Random(11)
    words = [f"{chance.choice('bcdfglmnprst')}{chance.choice('aeiou')}{chance.choice('lnrst')}" for _ in range(400)]
    for number in range(300):
        place = folder / f"set {number % 7}"
        place.mkdir(parents=True, exist_ok=True)
        size = chance.randint(300_000, 2_366_000)
        if number % 3 == 0:
            text = " ".join(chance.choices(words, k=size // 4))
            (place / f"notes-{number}.txt").write_text(text)
        else:
            (place / f"Größe {number}.raw").write_bytes(chance.randbytes(size))
    return folder


def digests(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


UNPACKERS = {
    "unzip": ["unzip", "-q", "-o"],
    "7z": ["7z", "x", "-y", "-bso0", "-bsp0"],
    "bsdtar": ["bsdtar", "-x", "-f"],
    "python": [sys.executable, "-m", "zipfile", "-e"],
}


@pytest.mark.parametrize(("platform", "file", "total", "count"), [
    ("gmail", 25_000_000, 25_000_000, None), ("discord", 10_485_760, 26_214_400, 10),
])  # fmt: skip
def test_mixed_files_become_zips_in_several_messages_that_every_tool_opens(
    mixed: Path, tmp_path: Path, platform: str, file: int, total: int, count: int | None
) -> None:
    document, memory = delivered(tmp_path, mixed, "-p", platform, "--out", tmp_path / "ready")
    expected = digests(mixed)
    assert document["method"] == "attach"
    assert {item["name"]: item["sha256"] for item in document["files"]} == expected
    messages: dict[int, list[int]] = {}
    for item in document["attachments"]:
        messages.setdefault(item["message"], []).append(item["size"])
        assert item["size"] <= file
        assert item["sha256"] == hashlib.sha256(Path(item["path"]).read_bytes()).hexdigest()
    assert len(messages) == len(document["messages"]) > 1
    for sizes in messages.values():
        assert sum(sizes) <= total
        assert count is None or len(sizes) <= count
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "ready", check=True)
    for name, command in UNPACKERS.items():
        if shutil.which(command[0]) is None:
            pytest.fail(f"{name} is not installed")
        target = tmp_path / name
        target.mkdir()
        for item in document["attachments"]:
            tail = [str(target)] if name == "python" else []
            subprocess.run([*command, item["path"], *tail], cwd=target, check=True, stdout=subprocess.DEVNULL)
        assert digests(target) == expected
        shutil.rmtree(target)
    assert memory < MOST_MEMORY


def test_six_gigabytes_go_by_link_with_the_reason_and_flat_memory(tmp_path: Path) -> None:
    film = tmp_path / "film.raw"
    with film.open("wb") as stream:
        stream.truncate(6 * 1024**3)
        stream.write(b"the last frame")
    document, memory = delivered(tmp_path, film, "--out", tmp_path / "ready", "--expires", "10m")
    assert document["method"] == "link"
    assert "5 GB" in document["reasons"][0]
    assert "film.raw" in document["reasons"][0]
    assert memory < MOST_MEMORY
    digest = hashlib.sha256()
    with urllib.request.urlopen(document["links"][0]["url"]) as answer:
        while block := answer.read(1024**2):
            digest.update(block)
    assert digest.hexdigest() == document["links"][0]["sha256"] == document["files"][0]["sha256"]


@pytest.mark.parametrize("via", ["attach", "link"])
def test_a_hundred_thousand_files_stay_within_the_memory(tmp_path: Path, via: str) -> None:
    folder = tmp_path / "many"
    for number in range(100_000):
        if number % 1000 == 0:
            (folder / f"{number // 1000:03}").mkdir(parents=True)
        (folder / f"{number // 1000:03}" / f"{number % 1000:03}.txt").write_text(f"file {number}\n")
    document, memory = delivered(tmp_path, folder, "--via", via, "--out", tmp_path / "ready", "--expires", "10m")
    assert len(document["files"]) == 100_000
    assert len(document["links"] if via == "link" else document["attachments"]) == 2
    assert memory < MOST_MEMORY
    one = document["files"][77_777]
    assert one["sha256"] == hashlib.sha256((folder / one["name"]).read_bytes()).hexdigest()
