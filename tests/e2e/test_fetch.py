"""A delivery sent by link to the embedded store, and fetched from it by its page and by its manifest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from delivery import afterwards, upkeep
from delivery.config import Settings
from delivery.errors import IntegrityError, StoreRefusedError, UsageError
from delivery.fetching import fetch
from delivery.model import Delivery
from delivery.packing import verify
from delivery.progress import RecordingProgress, Task, Unit
from delivery.service import send, upload

ROOT = Path(__file__).parents[2]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What becomes two files as they are: a page and a manifest over them."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "film.bin").write_bytes(os.urandom(20_000_000))
    (folder / "index.html").write_text("<!doctype html><h1>The work itself</h1>")
    monkeypatch.chdir(tmp_path)
    return folder


def lies(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def sent(work: Path, **options: object) -> Delivery:
    return upload([work], platform="none", expires=timedelta(minutes=10), **options)


def urls(made: Delivery) -> tuple[str, str]:
    assert made.page is not None and made.manifest.url is not None
    return made.page.url, made.manifest.url


def test_page_and_manifest_bring_the_same_bytes_and_a_rerun_brings_none(work: Path, tmp_path: Path) -> None:
    made = sent(work)
    assert made.manifest.path is not None
    expected = lies(work) | {"delivery-manifest.json": Path(made.manifest.path).read_bytes()}
    for number, url in enumerate(urls(made)):
        out = tmp_path / f"out{number}"
        assert [Path(file.path).name for file in fetch(url, out).files] == ["film.bin", "index.html"]
        assert lies(out) == expected
        assert fetch(url, out).files == ()


def test_the_sellers_own_folder_says_that_the_files_went_by_link(work: Path, tmp_path: Path) -> None:
    made = sent(work)
    assert made.manifest.path is not None
    (proof,) = made.attachments
    with pytest.raises(UsageError, match=rf"went by link.*{re.escape(proof.filename)} is as it was made") as caught:
        verify(Path(made.manifest.path).parent)
    assert caught.value.code == "sent-by-link"
    fetch(urls(made)[0], tmp_path / "out")
    assert verify(tmp_path / "out").parts == 2
    for path in (tmp_path / "out" / "film.bin", tmp_path / "out" / "index.html"):
        path.unlink()
    with pytest.raises(IntegrityError, match=r"film\.bin is missing\nindex\.html is missing"):
        verify(tmp_path / "out")


def test_many_files_come_unpacked_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    work = tmp_path / "many"
    for number in range(40):
        path = work / f"folder {number % 4}" / f"größe {number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text {number}\n" * 500)
    made = sent(work)
    assert made.page is None and made.manifest.url is not None
    fetch(made.manifest.url, tmp_path / "out", unpack=True)
    found = lies(tmp_path / "out")
    found.pop("delivery-manifest.json")
    assert found == lies(work)


def test_only_may_be_one_pattern_or_come_from_an_iterator(work: Path, tmp_path: Path) -> None:
    page, _ = urls(sent(work))
    for out, only in (("one", "*.bin"), ("some", iter(["*.bin", "*.png"]))):
        assert len(fetch(page, tmp_path / out, only=only).files) == 1  # type: ignore[arg-type]
        assert (tmp_path / out / "film.bin").is_file()


def test_a_single_link_is_the_single_file(work: Path, tmp_path: Path) -> None:
    made = sent(work)
    link = next(link for link in made.links if link.name == "index.html")
    done = fetch(link.url, tmp_path / "out")
    assert lies(tmp_path / "out") == {"index.html": (work / "index.html").read_bytes()}
    assert not done.verified and done.files[0].sha256 == link.sha256


def test_renewed_links_are_in_the_old_page_too(work: Path, tmp_path: Path) -> None:
    made = sent(work)
    again = upkeep.renew(made.id, expires=timedelta(hours=2))
    assert urls(again) != urls(made)
    for number, url in enumerate((*urls(made), *urls(again))):
        fetch(url, tmp_path / f"out{number}")
        kept = {"delivery-manifest.json": Path(made.manifest.path or "").read_bytes()}
        assert lies(tmp_path / f"out{number}") == lies(work) | kept
    (listed,) = (item for item in urls(afterwards.compose_message(made.id)) if "manifest" in item)
    fetch(listed, tmp_path / "later")


def test_ended_and_revoked_links_are_refused_with_what_helps(work: Path, tmp_path: Path) -> None:
    made = sent(work)
    page, listed = urls(made)
    upkeep.revoke(made.id)
    for url in (page, listed, made.links[0].url):
        with pytest.raises(StoreRefusedError) as failed:
            fetch(url, tmp_path / "out")
        assert "to send it again" in failed.value.hint  # `renew` cannot bring it back
    assert not (tmp_path / "out").exists()


def test_no_link_is_left_on_the_sellers_disk_or_the_buyers(work: Path, tmp_path: Path, home: Path) -> None:
    made = send([work], platform="none", via="link", expires="10m", settings=Settings())
    signatures = [link.url.rpartition("X-Amz-Signature=")[2] for link in made.links]
    command = [sys.executable, "-m", "delivery", "fetch", "-", "-o", str(tmp_path / "out"), "--verbose"]
    done = subprocess.run(
        command, input=urls(made)[0], cwd=ROOT, capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    places = [*(tmp_path / "out").rglob("*"), *Path(made.out or "").rglob("*"), *home.glob("ledger*")]
    held = [done.stdout.encode(), done.stderr.encode(), *(p.read_bytes() for p in places if p.is_file())]
    assert not any(signature.encode() in data for signature in signatures for data in held)


def test_a_link_that_a_chat_cut_is_not_called_expired(work: Path, tmp_path: Path) -> None:
    page, _ = urls(sent(work))
    for broken in (page[:-1], page[: page.index("X-Amz-Signature")], page.partition("&")[0], page.partition("?")[0]):
        with pytest.raises(StoreRefusedError) as failed:
            fetch(broken, tmp_path / "out")
        assert failed.value.code == "link-altered" and "expired" not in str(failed.value)
        assert "whole" in failed.value.hint


def test_a_single_files_link_brings_it_once(work: Path, tmp_path: Path) -> None:
    link = next(link for link in sent(work).links if link.name == "film.bin")
    fetch(link.url, tmp_path / "out")
    told = RecordingProgress()
    again = fetch(link.url, tmp_path / "out", progress=told)
    assert (again.files, len(again.already_there), told.tasks) == ((), 1, [])


class _Fails(RecordingProgress):
    """A caller's own progress, whose pipe or log breaks."""

    raised = 0

    def task(self, label: str, total: int | None, unit: Unit) -> Task:
        task = super().task(label, total, unit)
        if label in ("uploading", "downloading"):
            task.advance = self._advance  # type: ignore[method-assign]
        return task

    def _advance(self, amount: int) -> None:
        if amount > 0:
            self.raised += 1
            raise BrokenPipeError("the log is gone")


def test_what_a_callers_progress_raises_is_raised_and_is_no_broken_connection(work: Path, tmp_path: Path) -> None:
    failing = _Fails()
    with pytest.raises(BrokenPipeError, match="the log is gone"):
        sent(work, progress=failing)
    made = sent(work)
    with pytest.raises(BrokenPipeError, match="the log is gone"):
        fetch(urls(made)[0], tmp_path / "in", progress=failing)
    assert failing.raised < 10  # once for each connection at most
