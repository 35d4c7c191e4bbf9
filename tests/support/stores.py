"""The stores that tests run against, as fixtures: moto, the embedded store and a real Ceph gateway."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery.config import Settings
from delivery.options import StoreOptions, UploadOptions
from delivery.storage import Store, open_store
from delivery.storage.ports import free_port

SCRIPT = str(Path(__file__).parent / "ceph-rgw.sh")
KEYS = {"access_key_id": "AKTEST0000000000", "secret_access_key": "SKTEST0000000000000000"}


def soon(seconds: float = 120) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def moto_address() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def one_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of one embedded store for all tests, stopped at the end."""
    from delivery.storage import local

    home = tmp_path_factory.mktemp("embedded")
    yield home
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DELIVERY_HOME", str(home))
        local.stop()


@pytest.fixture
def embedded_home(one_home: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DELIVERY_HOME", str(one_home))
    return one_home


@pytest.fixture(scope="session")
def ceph_address() -> Iterator[str]:
    if shutil.which("radosgw") is None or shutil.which("ceph-osd") is None:
        pytest.skip("Ceph is not installed: apt-get install --no-install-recommends ceph-mon ceph-osd radosgw")
    folder, port = tempfile.mkdtemp(prefix="delivery-ceph-"), free_port()
    try:
        keys = [KEYS["access_key_id"], KEYS["secret_access_key"]]
        subprocess.run([SCRIPT, "start", folder, str(port), *keys], check=True, timeout=120)
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([SCRIPT, "stop", folder], check=True, timeout=60)
        shutil.rmtree(folder)


@pytest.fixture(params=["moto", "embedded", pytest.param("ceph", marks=pytest.mark.heavy)])
def store(request: pytest.FixtureRequest) -> Store:
    return _open(request)


@pytest.fixture(params=["embedded", pytest.param("ceph", marks=pytest.mark.heavy)])
def real_store(request: pytest.FixtureRequest) -> Store:
    """One that enforces signatures and expiry; moto does not."""
    return _open(request)


@pytest.fixture(params=["moto", pytest.param("ceph", marks=pytest.mark.heavy)])
def parts_store(request: pytest.FixtureRequest) -> Store:
    """One that takes uploads in parts."""
    return _open(request)


def _open(request: pytest.FixtureRequest) -> Store:
    if request.param == "embedded":
        request.getfixturevalue("embedded_home")
        return open_store("local", Settings(), until=soon())
    address = request.getfixturevalue(f"{request.param}_address")
    return opened(address, request.param)


def opened(address: str, kind: str, *, attempts: int = 3, **changes: object) -> Store:
    """A fresh bucket at ``address``."""
    bucket = f"b-{secrets.token_hex(6)}"
    make_bucket(address, bucket)
    options = StoreOptions(
        **{"profile": {"moto": "s3", "ceph": "ceph"}[kind], "bucket": bucket, "endpoint": address, **KEYS, **changes}  # type: ignore[arg-type]
    )
    settings = Settings(stores={"test": options}, upload=UploadOptions(attempts=attempts))
    return open_store("test", settings, until=soon())


def make_bucket(address: str, bucket: str) -> None:
    import boto3

    boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=KEYS["access_key_id"],
        aws_secret_access_key=KEYS["secret_access_key"],
    ).create_bucket(Bucket=bucket)
