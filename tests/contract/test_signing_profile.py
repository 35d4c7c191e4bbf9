"""One identity uploads, another signs: against a server that knows both keys, and what temporary ones may promise."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support.stores import KEYS, make_bucket
from support.terminal import Run

from delivery import hosting
from delivery.errors import StoreRefusedError
from delivery.hosting import Outcome
from delivery.options import StoreOptions
from delivery.storage import Store
from delivery.storage.connect import connect
from delivery.storage.local_server import find_server
from delivery.storage.ports import free_port
from delivery.storage.quirks import table

UPLOADER, SIGNER = ("AKUPLOADER", "upload-secret"), ("AKSIGNER", "sign-secret")
NOW = datetime.now(UTC)


@contextmanager
def serving(folder: Path, port: int, *pairs: tuple[str, str]) -> Iterator[None]:
    """rclone's S3 server over ``folder``, which knows these keys and no others."""
    keys = ",".join(f'"{key},{secret}"' for key, secret in pairs)
    environ = {**os.environ, "RCLONE_AUTH_KEY": keys, "RCLONE_CONFIG": "/notfound"}
    arguments = ["serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--etag-hash", "", "--log-level", "ERROR"]
    server = subprocess.Popen([str(find_server()), *arguments], env=environ)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def two_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job's own keys in the environment, temporary and with no known end; the signer's in a file."""
    credentials = tmp_path / "credentials"
    credentials.write_text(f"[signer]\naws_access_key_id = {SIGNER[0]}\naws_secret_access_key = {SIGNER[1]}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", UPLOADER[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", UPLOADER[1])
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-session-token")


def opened(port: int, **options: object) -> Store:
    given = StoreOptions(bucket="b", endpoint=f"http://127.0.0.1:{port}", **options)  # type: ignore[arg-type]
    return connect("mine", given, table()["embedded"], attempts=2, machine=True)


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_links_live_by_the_signers_key_alone(tmp_path: Path, two_keys: None) -> None:
    (tmp_path / "files" / "b").mkdir(parents=True)
    (tmp_path / "work.txt").write_text("finished\n")
    port = free_port()
    with serving(tmp_path / "files", port, UPLOADER, SIGNER):
        store = opened(port, signing_profile="signer")
        assert not store.key_life().temporary
        done = hosting.upload(store, [hosting.Upload.of_path(tmp_path / "work.txt")], prefix=hosting.new_prefix(store))
        links = hosting.sign(store, done, expires_in=timedelta(days=1), now=NOW)
        hosting.try_links(links)
        query = parse_qs(urlsplit(links[0].url).query)
        assert query["X-Amz-Credential"][0].startswith(f"{SIGNER[0]}/")
        assert "X-Amz-Security-Token" not in query
        assert status(links[0].url) == 200
        assert status(links[0].url.replace("X-Amz-Expires=86400", "X-Amz-Expires=86401")) == 403
        found = {step.name: step for step in hosting.examine(
            store, expires_in=timedelta(days=1), keep=timedelta(days=2)).steps}  # fmt: skip
        assert found["credentials"].outcome is Outcome.OK
        assert "signed by the profile signer" in found["credentials"].found
        assert found["signed link"].outcome is Outcome.OK
        (own,) = hosting.sign(opened(port), done, expires_in=timedelta(days=1), now=NOW)
        assert own.expires_at is None
    with serving(tmp_path / "files", port, SIGNER):  # the job's own key has ended
        assert status(links[0].url) == 200
        assert status(own.url) == 403
        with pytest.raises(StoreRefusedError):
            opened(port, signing_profile="signer").look("k")


def test_a_profile_that_is_not_there_is_told(two_keys: None) -> None:
    with pytest.raises(StoreRefusedError, match="profile nobody was not found") as caught:
        opened(1, signing_profile="nobody")
    assert "signing_profile in [store:mine]" in caught.value.hint


@pytest.fixture
def configured(moto_address: str, tmp_path: Path, two_keys: None) -> Path:
    make_bucket(moto_address, "required-life")
    config = tmp_path / "own.ini"
    config.write_text(
        f"[delivery]\nstore = mine\nplatform = none\n[store:mine]\nbucket = required-life\nendpoint = {moto_address}\n"
    )
    return config


@pytest.mark.parametrize(
    ("ends_in", "code", "told"),
    [
        (None, 5, "temporary and do not say when they end"),
        (timedelta(hours=23), 5, "that sign it end at"),
        (timedelta(hours=25), 0, ""),
    ],
)
def test_require_expiry_is_settled_before_anything_is_sent(
    run: Run, configured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends_in: timedelta | None, code: int,
    told: str,
) -> None:  # fmt: skip
    if ends_in is not None:
        monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", (datetime.now(UTC) + ends_in).isoformat())
    (tmp_path / "work.txt").write_text("finished\n")
    arguments = ["upload", tmp_path / "work.txt", "--config", configured, "--require-expiry", "24h", "--out", "ready"]
    assert run(*arguments, "--dry-run").code == code
    answer = run(*arguments)
    assert answer.code == code, answer.err
    assert told in answer.err
    assert ("signing_profile in [store:mine]" in answer.err) == bool(code)
    assert (tmp_path / "ready").exists() == (not code)


def test_with_a_signing_profile_a_required_life_is_kept(run: Run, configured: Path, tmp_path: Path) -> None:
    with configured.open("a") as stream:
        stream.write("signing_profile = signer\n")
    (tmp_path / "work.txt").write_text("finished\n")
    answer = run("upload", tmp_path / "work.txt", "--config", configured, "--require-expiry", "24h", "--json")
    (link,) = answer.document["links"]
    assert SIGNER[0] in link["url"] and "Security-Token" not in link["url"]
    assert link["expires_at"] is not None
    for secret in (*KEYS.values(), UPLOADER[1], SIGNER[1], "the-session-token"):
        assert secret not in answer.out + answer.err
