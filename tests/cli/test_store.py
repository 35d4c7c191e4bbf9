"""`delivery store` as it is typed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
from support.terminal import Run

from delivery import report
from delivery.storage import local
from delivery.storage.local_state import Folder

ROOT = Path(__file__).parents[2]


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


def test_the_document_of_serve_is_there_while_it_serves(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "delivery", "store", "serve", "--for", "5m", "--json"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        text = ""
        while "}" not in text:
            line = process.stdout.readline()
            assert line, text
            text += line
        document = json.loads(text)
        jsonschema.validate(document, report.schema("delivery.store/1"))
        parts = urlsplit(document["endpoint"])
        socket.create_connection((parts.hostname, parts.port), 10).close()
        assert document["running"] and document["until"]
        assert local.stop()
        assert process.stdout.read() == ""
    assert process.returncode == 0
