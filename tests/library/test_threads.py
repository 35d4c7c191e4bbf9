"""Many calls at once in threads, with settings of their own each: no state between them, nothing printed."""

from __future__ import annotations

import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from delivery import (
    Cancelled,
    CancelToken,
    Delivery,
    DeliveryOptions,
    FileEntry,
    Method,
    RecordingProgress,
    Settings,
    check,
    compose_message,
    pack,
    renew,
    revoke,
    send,
    verify,
)
from delivery.ledger import Ledger

WAYS: tuple[DeliveryOptions, ...] = (
    {"platform": "fiverr", "language": "en", "via": "attach"},
    {"platform": "none", "language": "de", "via": "attach", "proof": True},
    {"platform": "gmail", "language": "fr", "via": "link", "expires": "1h"},
    {"platform": "none", "language": "ar", "via": "link", "expires": "2d", "page": False},
)


def test_many_deliveries_at_once_do_not_meet(
    parts: Settings, tmp_path: Path, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def one(number: int) -> tuple[Delivery, RecordingProgress]:
        folder = tmp_path / f"work-{number}"
        folder.mkdir()
        for place in range(3):
            (folder / f"file {place}.txt").write_text(f"work {number}, file {place}\n")
        progress = RecordingProgress()
        settings = replace(parts, upload=replace(parts.upload, threads=1 + number % 3))
        extra = FileEntry.from_bytes("extra.csv", b"a,b\n" * number)
        made = send(
            [folder, extra], settings=settings, order=f"#{number}", out=tmp_path / f"out-{number}", progress=progress,
            **WAYS[number % 4],
        )  # fmt: skip
        return made, progress

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(one, range(16)))
    for number, (made, progress) in enumerate(done):
        way = WAYS[number % 4]
        assert (made.plan.profile.name, made.language, made.order) == (way["platform"], way["language"], f"#{number}")
        assert made.method is (Method.LINK if way["via"] == "link" else Method.ATTACH)
        assert {entry.arcname: entry.size for entry in made.files}["extra.csv"] == 4 * number
        assert progress.tasks and all(task.done <= (task.total or task.done) for task in progress.tasks)
        if made.method is Method.ATTACH:
            assert verify(tmp_path / f"out-{number}").files == 0
        else:
            found = {link.name: urllib.request.urlopen(link.url).read() for link in made.links}
            assert all(len(found[link.name]) == link.size for link in made.links)
    kept = Ledger(home).list(now=done[0][0].created_at)
    assert len({record.id for record in kept}) == len(kept) == 16
    assert list((home / "state" / "inputs").glob("*")) == []

    links = [made for made, _ in done if made.method is Method.LINK]
    with ThreadPoolExecutor(8) as pool:
        renewed = list(pool.map(lambda made: renew(made.id, settings=parts, expires="3h"), links))
        told = list(pool.map(lambda made: compose_message(made.id, settings=parts, language="es"), links))
        assert [made.id for made in renewed] == [made.id for made in told] == [made.id for made in links]
        ended = list(pool.map(lambda made: revoke(made.id, settings=parts), links))
    assert all(item.removed and item.proven for item in ended)
    assert capfd.readouterr() == ("", "")


def test_the_same_name_in_the_same_folder_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def one(number: int) -> Delivery:
        return pack([FileEntry.from_bytes("report.csv", b"a,b\n" * number)])

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(one, range(6)))
    for number, made in enumerate(done):
        assert Path(made.attachments[0].path).read_bytes() == b"a,b\n" * number
    assert len({made.out for made in done}) == 6


def test_one_call_is_cancelled_and_the_others_go_on(tmp_path: Path) -> None:
    tokens = [CancelToken() for _ in range(6)]
    tokens[2].cancel()
    (tmp_path / "work.bin").write_bytes(os.urandom(100_000))

    def one(token: CancelToken) -> str:
        try:
            return "done" if check([tmp_path / "work.bin"], cancel=token).files else ""
        except Cancelled:
            return "cancelled"

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, tokens)) == ["done", "done", "cancelled", "done", "done", "done"]
