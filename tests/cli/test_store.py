"""`delivery store` as it is typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.terminal import Run

from delivery.storage import local
from delivery.storage.local_state import Folder


@pytest.fixture(autouse=True)
def _no_store_left_behind(home: Path) -> Iterator[None]:
    yield
    local.stop()


def test_serve_ends_in_time_and_says_which_links_do_not_open_now(run: Run) -> None:
    Folder.usual().extend(datetime(2199, 5, 1, tzinfo=UTC))
    answer = run("store", "serve", "--for", "1s")
    first, *rest = answer.err.splitlines()
    assert answer.code == 0
    assert first.startswith("serving on http://127.0.0.1:") and " until 20" in first
    assert rest[0] == "stopped"
    assert rest[1].startswith("note: links of this machine live until 2199-05-01") and "do not open" in rest[1]
    assert rest[2] == "hint: `delivery store serve` serves them again"


def test_serve_says_nothing_of_links_where_none_are_left(run: Run) -> None:
    Folder.usual().extend(datetime.now(UTC) - timedelta(days=1))
    answer = run("store", "serve", "--for", "1s", "-q")
    assert (answer.code, answer.out, answer.err) == (0, "", "")


def test_serve_tells_what_is_served_on_for_a_delivery_that_was_made_meanwhile(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = local.status

    def while_it_serves() -> local.Status:
        if not Folder.usual().state().since:
            Folder.usual().extend(datetime(2199, 5, 1, tzinfo=UTC))
        return status()

    monkeypatch.setattr(local, "status", while_it_serves)
    answer = run("store", "serve", "--for", "1s")
    assert answer.code == 0 and status().running
    assert "served on in the background until 2199-05-01" in answer.err
    assert "`delivery store stop` ends it" in answer.err
