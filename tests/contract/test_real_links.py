"""Signatures and expiry, on servers that enforce them."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery import hosting
from delivery.errors import StoreRefusedError
from delivery.model import Link
from delivery.storage import Store
from delivery.storage.probe import probe


def linked(store: Store, tmp_path: Path, seconds: int) -> Link:
    (tmp_path / "work.txt").write_bytes(b"finished work" * 1000)
    upload = hosting.Upload.of_path(tmp_path / "work.txt", media_type="text/plain")
    done = hosting.upload(store, [upload], prefix=hosting.new_prefix(store))
    now = datetime.now(UTC)
    return hosting.sign(store, done, expires_in=timedelta(seconds=seconds), now=now)[0]


def test_a_link_opens_until_its_end_and_not_after(real_store: Store, tmp_path: Path) -> None:
    link = linked(real_store, tmp_path, 3)
    hosting.try_link(link)
    assert link.expires_at is not None
    time.sleep(max(0.0, (link.expires_at - datetime.now(UTC)).total_seconds()) + 1.2)
    with pytest.raises(StoreRefusedError, match="does not open"):
        hosting.try_link(link)


@pytest.mark.parametrize(
    "old, new",
    [("X-Amz-Signature=", "X-Amz-Signature=0"), ("X-Amz-Expires=", "X-Amz-Expires=9"), ("work.txt", "other.txt")],
)
def test_an_altered_link_is_refused(real_store: Store, tmp_path: Path, old: str, new: str) -> None:
    link = linked(real_store, tmp_path, 60)
    assert probe(link.url.replace(old, new, 1)).status in (403, 404)
    with pytest.raises(StoreRefusedError):
        hosting.try_link(dataclasses.replace(link, url=link.url.replace(old, new, 1)))


def test_without_a_signature_nothing_opens(real_store: Store, tmp_path: Path) -> None:
    link = linked(real_store, tmp_path, 60)
    assert probe(link.url.partition("?")[0]).status in (400, 401, 403)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_downloads_and_resumes_byte_for_byte(real_store: Store, tmp_path: Path) -> None:
    link = linked(real_store, tmp_path, 60)
    whole = (tmp_path / "work.txt").read_bytes()
    target = tmp_path / "got.txt"
    target.write_bytes(whole[:5000])
    subprocess.run(["curl", "-sf", "-C", "-", "-o", target, link.url], check=True)
    assert target.read_bytes() == whole
