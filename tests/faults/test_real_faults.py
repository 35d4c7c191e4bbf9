"""Faults that only a store which checks signatures, digests and times can show."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.faulty import Proxy, once, proxy_before
from support.stores import KEYS, opened, soon

from delivery import hosting
from delivery.config import Settings
from delivery.errors import IntegrityError, StoreRefusedError
from delivery.options import StoreOptions, UploadOptions
from delivery.storage import Store, open_store, sigv4
from delivery.storage.faults import ClockError

pytestmark = pytest.mark.usefixtures("no_waiting")

MIB = 1024**2


@pytest.fixture
def proxy(ceph_address: str) -> Iterator[Proxy]:
    with proxy_before(ceph_address) as proxy:
        yield proxy


def file_of(folder: Path, size: int) -> hosting.Upload:
    (folder / "file.bin").write_bytes(os.urandom(size))
    return hosting.Upload.of_path(folder / "file.bin")


@pytest.mark.heavy
@pytest.mark.parametrize("size", [1000, 17 * MIB])
def test_a_byte_flipped_on_the_way_is_refused_by_the_store_and_sent_again(
    proxy: Proxy, tmp_path: Path, size: int
) -> None:
    store = opened(proxy.address, "ceph")
    item = file_of(tmp_path, size)
    proxy.rule = once("flip", lambda request: request.method == "PUT")
    options = UploadOptions(threshold=6 * MIB, part_size=5 * MIB, prove_parts="yes")
    (done,) = hosting.upload(store, [item], prefix=hosting.new_prefix(store), options=options)
    assert hashlib.sha256(b"".join(store.read(done.stored.key))).hexdigest() == done.sha256
    assert sum(1 for request in proxy.seen if request.harm == "flip") == 1


@pytest.mark.heavy
def test_a_store_that_keeps_damaging_is_an_integrity_error(proxy: Proxy, tmp_path: Path) -> None:
    store = opened(proxy.address, "ceph")
    proxy.rule = lambda request: "flip" if request.method == "PUT" else ""
    options = UploadOptions(threshold=6 * MIB, part_size=5 * MIB, prove_parts="yes", attempts=2)
    with pytest.raises(IntegrityError, match="damaged"):
        hosting.upload(store, [file_of(tmp_path, 17 * MIB)], prefix=hosting.new_prefix(store), options=options)
    assert list(store.pending("")) == [] and list(store.keys("")) == []


@pytest.mark.heavy
def test_swapped_parts_are_found_although_each_is_whole(proxy: Proxy, tmp_path: Path) -> None:
    store = opened(proxy.address, "ceph")
    item = file_of(tmp_path, 20 * MIB)
    proxy.rule = lambda request: "swap" if request.part in (1, 2) else ""
    options = UploadOptions(threshold=6 * MIB, part_size=5 * MIB, verify=True, prove_parts="no")
    with pytest.raises(IntegrityError, match="other bytes"):
        hosting.upload(store, [item], prefix=hosting.new_prefix(store), options=options)
    assert list(store.keys("")) == []


@pytest.mark.heavy
def test_the_clock_off_by_twenty_minutes_is_called_that(
    ceph_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(ceph_address, "ceph")
    _turn_the_clock(monkeypatch)
    with pytest.raises(ClockError) as caught:
        hosting.upload(store, [file_of(tmp_path, 1000)], prefix=hosting.new_prefix(store))
    assert "set the clock" in caught.value.hint
    with pytest.raises(ClockError):
        store.ensure_ready()


def test_the_embedded_store_calls_a_wrong_clock_one_too(
    embedded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store("local", Settings(), until=soon())
    hosting.upload(store, [file_of(tmp_path, 1000)], prefix=hosting.new_prefix(store))
    _turn_the_clock(monkeypatch)
    with pytest.raises(StoreRefusedError):
        hosting.upload(store, [file_of(tmp_path, 1000)], prefix=hosting.new_prefix(store))


def _turn_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    real = sigv4.now
    monkeypatch.setattr(sigv4, "now", lambda: real() + timedelta(minutes=20))


@pytest.mark.heavy
@pytest.mark.parametrize(
    "changes, code",
    [
        ({"access_key_id": "AKUNKNOWN0000000"}, "does not know the access key"),
        ({"secret_access_key": "wrong"}, "signature"),
        ({"bucket": "not-there"}, "does not exist"),
    ],
)
def test_what_the_store_refuses_is_said_in_words_with_a_hint_and_no_secret(
    ceph_address: str, tmp_path: Path, changes: dict[str, str], code: str
) -> None:
    made = opened(ceph_address, "ceph")
    options = StoreOptions(**{"profile": "ceph", "bucket": made.bucket, "endpoint": ceph_address, **KEYS, **changes})  # type: ignore[arg-type]
    store = open_store("mine", Settings(stores={"mine": options}), until=soon())
    item = file_of(tmp_path, 1000)
    for attempt in (store.ensure_ready, lambda: hosting.upload(store, [item], prefix=hosting.new_prefix(store))):
        with pytest.raises(StoreRefusedError, match=code) as caught:
            attempt()
        told = f"{caught.value} {caught.value.hint}"
        assert caught.value.exit_code == 5 and caught.value.hint
        assert KEYS["secret_access_key"] not in told and KEYS["access_key_id"] not in told


@pytest.mark.heavy
def test_nobody_listens(tmp_path: Path) -> None:
    from delivery.errors import StoreUnreachableError
    from delivery.storage.ports import free_port

    endpoint = f"http://127.0.0.1:{free_port()}"
    options = StoreOptions(profile="ceph", bucket="work", endpoint=endpoint, **KEYS)
    store = open_store("mine", Settings(stores={"mine": options}, upload=UploadOptions(attempts=2)), until=soon())
    for attempt in (
        store.ensure_ready,
        lambda: hosting.upload(
            store, [file_of(tmp_path, 9)], prefix=hosting.new_prefix(store), options=UploadOptions(attempts=2)
        ),
    ):
        with pytest.raises(StoreUnreachableError) as caught:
            attempt()
        assert caught.value.exit_code == 6


@pytest.mark.heavy
@pytest.mark.parametrize("tool", ["curl", "wget", "aria2c"])
def test_other_tools_download_and_go_on_by_range(ceph_address: str, tmp_path: Path, tool: str) -> None:
    store: Store = opened(ceph_address, "ceph")
    item = file_of(tmp_path, 9 * MIB)
    done = hosting.upload(store, [item], prefix=hosting.new_prefix(store))
    (link,) = hosting.sign(store, done, expires_in=timedelta(minutes=5), now=datetime.now(UTC))
    whole, target = Path(item.entry.path).read_bytes(), tmp_path / "got.bin"
    target.write_bytes(whole[: 4 * MIB])
    commands = {
        "curl": ["curl", "-sf", "-C", "-", "-o", str(target), link.url],
        "wget": ["wget", "-q", "-c", "-O", str(target), link.url],
        "aria2c": ["aria2c", "-q", "-x4", "-k1M", "-c", "-d", str(tmp_path), "-o", "got.bin", link.url],
    }
    subprocess.run(commands[tool], check=True)
    assert target.read_bytes() == whole
