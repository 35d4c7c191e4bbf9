"""What every store does, whatever is behind it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from delivery import hosting
from delivery.options import UploadOptions
from delivery.progress import RecordingProgress
from delivery.storage import ObjectHeaders, RemotePart, Store

MIB = 1024**2
PLAIN = ObjectHeaders("text/plain", 'attachment; filename="x.txt"')


class Bytes:
    """A body over bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        return len(self.data)

    def blocks(self) -> Iterator[memoryview]:
        yield memoryview(self.data)

    def sha256(self) -> str | None:
        return hashlib.sha256(self.data).hexdigest()


def test_what_is_put_can_be_looked_at_read_listed_and_deleted(store: Store) -> None:
    key = f"{hosting.new_prefix(store)}x.txt"
    store.put(key, Bytes(b"hello world"), PLAIN, metadata={"delivery-tag": "t1"}, new=True)
    found = store.look(key)
    assert found is not None
    assert (found.stored.size, found.metadata["delivery-tag"]) == (11, "t1")
    assert b"".join(store.read(key)) == b"hello world"
    assert [(item.key, item.size) for item, _ in store.keys(key)] == [(key, 11)]
    store.delete([key])
    assert store.look(key) is None
    assert list(store.keys(key)) == []
    store.delete([key])


def test_a_prefix_that_nobody_used_is_empty(store: Store) -> None:
    assert list(store.keys(hosting.new_prefix(store))) == []
    store.ensure_ready()


def test_parts_are_listed_replaced_and_completed(parts_store: Store) -> None:
    store = parts_store
    key = f"{hosting.new_prefix(store)}big.bin"
    upload_id = store.begin(key, PLAIN, metadata={"delivery-tag": "t2"})
    first, last = os.urandom(5 * MIB), os.urandom(1000)
    store.put_part(key, upload_id, 1, Bytes(os.urandom(5 * MIB)))
    etags = [store.put_part(key, upload_id, number, Bytes(data)) for number, data in ((1, first), (2, last))]
    rows = store.parts(key, upload_id)
    assert rows is not None
    held = list(rows)
    assert held == [RemotePart(1, len(first), etags[0]), RemotePart(2, len(last), etags[1])]
    assert [item.key for item in store.pending(key)] == [key]
    store.complete(key, upload_id, held, tag="t2")
    assert b"".join(store.read(key)) == first + last
    assert list(store.pending(key)) == []
    # A second Complete, as after a lost answer, is settled by what is stored.
    store.complete(key, upload_id, held, tag="t2")


def test_an_aborted_upload_leaves_nothing(parts_store: Store) -> None:
    store = parts_store
    key = f"{hosting.new_prefix(store)}big.bin"
    upload_id = store.begin(key, PLAIN, metadata={})
    store.put_part(key, upload_id, 1, Bytes(b"x" * 1000))
    store.abort(key, upload_id)
    assert store.parts(key, upload_id) is None
    assert list(store.pending(key)) == []
    assert store.look(key) is None
    store.abort(key, upload_id)


@pytest.fixture
def work(tmp_path: Path) -> list[hosting.Upload]:
    contents = {
        "empty.txt": b"",
        "notes.txt": b"hello",
        'naïve "q" <b>.txt': b"quoted",
        "Отчёт 🎉.pdf": b"%PDF-1.4",
        "page.html": b"<script>alert(1)</script>",
        "big.bin": os.urandom(12 * MIB + 17),
    }
    uploads = []
    for place, (name, data) in enumerate(contents.items()):
        path = tmp_path / f"{place}"
        path.write_bytes(data)
        kind = {"txt": "text/plain", "pdf": "application/pdf", "html": "text/html"}.get(name.rpartition(".")[2], "")
        uploads.append(hosting.Upload.of_path(path, name, kind or "application/octet-stream"))
    return uploads


def test_a_delivery_arrives_whole_and_its_links_open(store: Store, work: list[hosting.Upload]) -> None:
    progress = RecordingProgress()
    options = UploadOptions(threshold=6 * MIB, part_size=5 * MIB)
    done = hosting.upload(store, work, prefix=hosting.new_prefix(store), options=options, progress=progress)
    now = _now()
    links = hosting.sign(store, done, expires_in=timedelta(minutes=1), now=now)
    assert [link.name for link in links] == [item.name for item in work]
    assert progress.tasks[0].done == progress.tasks[0].total == sum(item.entry.size for item in work)
    for item, link in zip(work, links, strict=True):
        expected = Path(item.entry.path).read_bytes()
        assert (link.size, link.sha256) == (len(expected), hashlib.sha256(expected).hexdigest())
        assert link.url not in repr(link)
        tried = hosting.try_link(link)
        assert "html" not in tried.media_type
        with urlopen(link.url) as answer:
            assert answer.read() == expected
            assert answer.headers["Content-Disposition"].startswith("attachment; ")


def test_the_page_alone_is_shown_inline(store: Store, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>x</title>")
    page = hosting.Upload.of_path(tmp_path / "index.html", "index.html", "text/html", inline=True)
    done = hosting.upload(store, [page], prefix=hosting.new_prefix(store))
    (link,) = hosting.sign(store, done, expires_in=timedelta(minutes=1), now=_now())
    tried = hosting.try_link(link, inline=True)
    assert tried.disposition == 'inline; filename="index.html"'
    assert tried.media_type.replace(" ", "") == "text/html;charset=utf-8"


def _now():  # type: ignore[no-untyped-def]
    from datetime import datetime

    return datetime.now(UTC)
