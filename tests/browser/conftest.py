"""A real Chromium, driven by Playwright; every page is watched for script errors and requests to the outside."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OWN = ("file:", "data:", "blob:", "http://127.0.0.1:")

Visit = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.heavy)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    program = next((path for path in map(shutil.which, PROGRAMS) if path), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Visit]:
    """``visit(address, **context options)`` opens a page; afterwards nothing may have gone wrong on any of them."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def open_page(address: str, *, script: str = "", allowed: tuple[str, ...] = (), **options: Any) -> Any:
        context = chromium.new_context(**{"locale": "en-GB", "viewport": {"width": 1100, "height": 900}, **options})
        contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()

        def on_console(message: Any) -> None:
            if message.type in {"error", "warning"} and not any(part in message.text for part in allowed):
                troubles.append(f"console: {message.text}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("request", lambda asked: asked.url.startswith(OWN) or troubles.append(f"outside: {asked.url}"))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
