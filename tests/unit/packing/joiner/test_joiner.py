"""JOIN.html as a document; what it does is tried in a real browser (tests/e2e)."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from delivery.packing import joiner
from delivery.planning.volumes import JOINER_BYTES
from delivery.web.words import languages

DIGEST = "ab" * 32


def manifest(path: str = "video/reel.mp4", parts: int = 3) -> dict[str, Any]:
    base = path.rpartition("/")[2]
    volumes = []
    for n in range(1, parts + 1):
        named = {"filename": f"{base}.{n:03}", "kind": "volume", "size": 10, "sha256": DIGEST, "message": 1}
        volumes.append({**named, "file": path, "order": n, "offset": 10 * n - 10})
    others = [
        {"filename": "rest.zip", "kind": "archive", "size": 5, "sha256": "cd" * 32, "message": 1},
        {"filename": "delivery-manifest.json", "kind": "manifest", "size": 5, "sha256": "ef" * 32, "message": 1},
    ]
    files = [
        {"path": "notes.txt", "size": 5, "sha256": "01" * 32},
        {"path": path, "size": 10 * parts, "sha256": "23" * 32},
    ]
    return {"schema": "delivery.manifest/1", "name": "reel", "files": files, "parts": [*reversed(volumes), *others]}


def data(page: bytes) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.decode(), re.S)
    assert found
    made: dict[str, Any] = json.loads(found[1])
    return made


def test_it_carries_what_it_needs_in_order_and_no_more() -> None:
    carried = data(joiner.page(manifest()))
    (file,) = carried["files"]
    assert (file["name"], file["path"], file["size"], file["sha256"]) == ("reel.mp4", "video/reel.mp4", 30, "23" * 32)
    assert [part["filename"] for part in file["parts"]] == ["reel.mp4.001", "reel.mp4.002", "reel.mp4.003"]
    assert carried["others"] == [{"size": 5, "sha256": "cd" * 32}]
    assert b"notes.txt" not in joiner.page(manifest())


@pytest.mark.parametrize("language", languages())
def test_it_speaks_the_language_and_brings_the_others(language: str) -> None:
    page = joiner.page(manifest(), language=language)
    carried = data(page)
    assert carried["language"] == language
    assert set(carried["words"]) == set(languages())
    assert carried["words"][language]["drop"] in page.decode().split("<script")[0]


def test_the_same_manifest_gives_the_same_page() -> None:
    assert joiner.page(manifest()) == joiner.page(manifest())


def test_it_fits_the_room_that_plans_keep_for_it() -> None:
    assert len(joiner.page(manifest(parts=700), language="hi")) <= JOINER_BYTES


def test_terminal_commands_are_shown_only_for_names_that_are_safe_to_type() -> None:
    assert "copy /b" in joiner.page(manifest()).decode()
    for path in ("a$(reboot).mp4", "it's.mp4", 'a"b.mp4', "a%PATH%.mp4", "a;b`c`.mp4", "a!b.mp4"):
        assert "<code" not in joiner.page(manifest(path)).decode()


def test_a_line_that_is_too_long_for_the_command_prompt_is_not_shown() -> None:
    for name, shown in (("a" * 120, True), ("a" * 150, False)):
        page = joiner.page(manifest(name, parts=60)).decode()
        assert ("copy /b" in page, "cat '" in html.unescape(page)) == (shown, True)


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize("name", ["reel (final).mp4", "-n.mp4"])
def test_the_command_for_a_terminal_joins(name: str, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"{name}.00{number}").write_text(str(number))
    commands = re.findall(r'<code class="block" dir="ltr">(.*?)</code>', joiner.page(manifest(name)).decode())
    subprocess.run(["sh", "-c", html.unescape(commands[-1])], cwd=tmp_path, check=True)
    assert (tmp_path / name).read_text() == "123"


@pytest.mark.parametrize("path", ["</script><b>.mp4", "a\u2028b.mp4", "\u202egpj.exe", "-- > <!--.bin", "\udcff.bin"])
def test_a_hostile_name_is_only_a_name(path: str) -> None:
    page = joiner.page(manifest(path))
    assert data(page)["files"][0]["path"] == path
    assert page.count(b"</script>") == 2
    assert b"<b>" not in page
