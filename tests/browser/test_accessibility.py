"""axe-core over the pages in every state, light and dark, on a phone and on a desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from delivery.hosting import page as delivery_page
from delivery.hosting.page import PageFile
from delivery.model import Link
from delivery.packing import joiner

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

DIGEST = "ab" * 32
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (390, 1100)]


def link(name: str, members: tuple[str, ...] = ()) -> Link:
    return Link(name, "k", 1000, DIGEST, None, "http://127.0.0.1:9/k?x=1", members=members)


def faults(page: Any) -> list[str]:
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{item['id']}: {node['html']}" for item in found for node in item["nodes"]]


def test_a_fault_would_be_found(visit: Any, tmp_path: Path) -> None:
    path = tmp_path / "JOIN.html"
    path.write_bytes(joiner.page({"files": [], "parts": []}))
    page = visit(path.as_uri())
    page.evaluate("document.querySelector('label').replaceWith(document.getElementById('choose'))")
    assert any(fault.startswith("label:") for fault in faults(page))


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("expired", [False, True])
def test_the_delivery_page(visit: Any, tmp_path: Path, scheme: str, width: int, locale: str, expired: bool) -> None:
    files = [
        PageFile(link("a.png"), "image/png", (PIXEL,)),
        PageFile(link("b.mp4"), "video/mp4"),
        PageFile(link("c.mp3"), "audio/mpeg"),
        PageFile(link("d.zip", ("x", "y", "z")), "application/zip", (PIXEL, PIXEL)),
    ]
    ends = datetime.now(UTC) + (timedelta(hours=-1) if expired else timedelta(hours=5))
    path = tmp_path / "index.html"
    path.write_bytes(delivery_page.render("Acme", files, expires_at=ends, order="FO-1", note="Hello"))
    refused = ("ERR_", "Content Security Policy", "CORS")
    page = visit(
        path.as_uri(), color_scheme=scheme, viewport={"width": width, "height": 800}, locale=locale, allowed=refused
    )
    wrong = tmp_path / "a.png"
    wrong.write_bytes(bytes(1000))
    if not expired:
        page.set_input_files("#choose", str(wrong))
        page.wait_for_selector("#results .bad")
    page.evaluate("document.querySelectorAll('details:not(.preview)').forEach(item => item.open = true)")
    assert faults(page) == []


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_the_joiner(visit: Any, tmp_path: Path, scheme: str, width: int, locale: str) -> None:
    parts = [
        {"filename": f"a.bin.00{n}", "kind": "volume", "size": 10, "sha256": DIGEST, "file": "a.bin", "order": n}
        for n in (1, 2)
    ]
    document = {"files": [{"path": "a.bin", "size": 20, "sha256": DIGEST}], "parts": parts}
    path = tmp_path / "JOIN.html"
    path.write_bytes(joiner.page(document))
    page = visit(path.as_uri(), color_scheme=scheme, viewport={"width": width, "height": 800}, locale=locale)
    wrong = tmp_path / "a.bin.001"
    wrong.write_bytes(bytes(10))
    page.set_input_files("#choose", str(wrong))
    page.wait_for_selector("li.bad")
    page.evaluate("document.getElementById('phone').hidden = false")
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")
    assert faults(page) == []
