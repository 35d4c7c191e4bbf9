"""What a program is told while its call lasts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.faulty import Seen, proxy_before

from delivery import RecordingProgress, Settings, compose_message, upload


@pytest.mark.parametrize("name", ["a.txt", "delivery-manifest.json"])
def test_a_message_written_again_tells_of_links_that_do_not_open_at_once(
    parts: Settings, tmp_path: Path, name: str
) -> None:
    (tmp_path / "a.txt").write_text("the finished work\n")
    kept, progress = parts.stores["work"], RecordingProgress()
    assert kept.endpoint is not None
    failed: list[Seen] = []

    def busy_once(request: Seen) -> str:
        if name in request.path:
            failed.append(request)
        return "503 SlowDown" if failed == [request] else ""

    with proxy_before(kept.endpoint) as proxy:
        settings = parts.with_store("work", replace(kept, endpoint=proxy.address))
        made = upload([tmp_path / "a.txt"], settings=settings, store="work", out=tmp_path / "out")
        proxy.rule = busy_once
        assert compose_message(made.id, settings=settings, progress=progress).links
    assert len(progress.notes) == 1 and "try 2 of 4" in progress.notes[0] and "Signature" not in progress.notes[0]
