"""The link way on an empty machine, as a seller runs it: real processes, the real embedded store, real expiry."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from delivery import report, service
from delivery.errors import SourceChangedError

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample"


def delivery(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "cli.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=check, timeout=120)


def document(*arguments: str | Path) -> dict[str, Any]:
    done = delivery(*arguments, "--json")
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def fetch(url: str) -> tuple[int, bytes, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers["Content-Disposition"] or ""
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, b"", ""


def wait_until_refused(url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if fetch(url)[0] >= 400:
                return
        except urllib.error.URLError:
            return
        time.sleep(0.5)
    raise AssertionError("the link still opens after its end")


def test_without_zips_every_file_has_its_link_and_comes_back_to_its_folder(tmp_path: Path) -> None:
    for folder in ("day", "night"):
        (tmp_path / "work" / folder).mkdir(parents=True)
        for number in range(7):
            (tmp_path / "work" / folder / f"{number}.txt").write_text(f"{folder} {number}")
    sent = document("upload", tmp_path / "work", "--no-pack", "--expires", "60s", "-o", tmp_path / "out")
    names = [link["name"] for link in sent["links"]]
    assert names == [*(f"{n}.txt" for n in range(7)), *(f"{n} (2).txt" for n in range(7))]
    assert [fetch(link["url"])[1].decode() for link in sent["links"][6:8]] == ["day 6", "night 0"]
    delivery("fetch", sent["page"]["url"], "-o", tmp_path / "back", "--unpack")
    back = {path.relative_to(tmp_path / "back").as_posix(): path.read_text() for path in tmp_path.glob("back/*/*")}
    assert back == {f"{folder}/{n}.txt": f"{folder} {n}" for folder in ("day", "night") for n in range(7)}


def test_links_open_byte_for_byte_then_end_and_the_store_ends_after_them(tmp_path: Path, home: Path) -> None:
    made = document("send", SAMPLE, "--via", "link", "--expires", "6s", "--out", tmp_path / "ready")
    jsonschema.validate(made, report.schema("delivery.send/1"))
    assert made["method"] == "link"
    for link in made["links"]:
        status, data, disposition = fetch(link["url"])
        assert status == 200
        assert hashlib.sha256(data).hexdigest() == link["sha256"]
        assert f'filename="{link["name"]}"' in disposition
    assert made["page"]["url"] in made["messages"][0].splitlines()
    status, data, disposition = fetch(made["page"]["url"])
    assert (status, disposition.partition(";")[0]) == (200, "inline")
    assert all(link["name"].encode() in data for link in made["links"])
    manifest = json.loads(fetch(made["manifest"]["url"])[1])
    jsonschema.validate(manifest, report.schema("delivery.manifest/1"))
    assert [part.pop("url") for part in manifest["parts"]] == [link["url"] for link in made["links"]]
    assert manifest == json.loads(Path(made["manifest"]["path"]).read_text())
    proof = made["attachments"][0]
    assert proof["kind"] == "proof"
    assert Path(proof["path"]).read_bytes().startswith(b"%PDF")
    wait_until_refused(made["links"][0]["url"], 20)
    deadline = time.monotonic() + 60
    while document("store", "status")["running"] and time.monotonic() < deadline:
        time.sleep(1)
    assert not document("store", "status")["running"]


def test_a_single_file_needs_no_page(tmp_path: Path) -> None:
    made = document("upload", SAMPLE / "cover.jpg", "--expires", "1h", "--out", tmp_path / "a")
    assert made["page"] is None
    assert made["links"][0]["url"] in made["messages"][0].splitlines()


def test_a_second_delivery_uses_the_same_store_and_both_live(tmp_path: Path) -> None:
    first = document("upload", SAMPLE / "cover.jpg", "--expires", "1h", "--out", tmp_path / "a")
    running = document("store", "status")
    second = document("upload", SAMPLE / "logo.png", "--expires", "2h", "--out", tmp_path / "b")
    assert document("store", "status")["endpoint"] == running["endpoint"]
    for made in (first, second):
        assert fetch(made["links"][0]["url"])[0] == 200
    assert document("store", "status")["until"] >= second["links"][0]["expires_at"]


def test_a_tampered_link_is_refused_and_a_restarted_store_serves_old_links(tmp_path: Path) -> None:
    made = document("upload", SAMPLE / "cover.jpg", "--expires", "1h", "--out", tmp_path / "a")
    url = made["links"][0]["url"]
    assert fetch(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"))[0] == 403
    assert delivery("store", "stop").stdout == "stopped\n"
    with pytest.raises(urllib.error.URLError):
        fetch(url)
    again = delivery("message", made["id"]).stdout
    assert fetch(url)[0] == 200
    signed_again = next(line for line in again.splitlines() if line.startswith("http"))
    assert fetch(signed_again)[0] == 200


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_the_stores_folder_and_keys_are_private_and_no_secret_is_kept_in_the_ledger(tmp_path: Path, home: Path) -> None:
    made = document("upload", SAMPLE / "cover.jpg", "--expires", "1h", "--out", tmp_path / "a")
    for path in [home / "store", *(home / "store").rglob("*"), *home.glob("ledger*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    keys = json.loads((home / "store" / "identity.json").read_text())
    signature = made["links"][0]["url"].rpartition("X-Amz-Signature=")[2]
    for path in [*home.glob("ledger*"), *(home / "store").glob("log*"), *(tmp_path / "a").iterdir()]:
        data = path.read_bytes()
        for secret in (keys["secret_access_key"], signature):
            assert secret.encode() not in data, path


def test_the_seller_is_told_that_these_links_are_for_this_machine(tmp_path: Path) -> None:
    done = delivery("upload", SAMPLE / "cover.jpg", "--expires", "1h", "--out", tmp_path / "a")
    assert "this machine only" in done.stderr
    assert "[store:NAME]" in done.stderr
    assert "machine only" not in done.stdout


@pytest.mark.parametrize("size", [1000, 9_000_000, 70_000_000])
def test_a_file_that_changes_before_it_is_sent_is_told_as_that(tmp_path: Path, size: int) -> None:
    """Small ones are read before they are sent, middle ones while they are sent, large ones part by part."""
    path = tmp_path / "work.bin"
    path.write_bytes(os.urandom(size))
    inspection = service.check([path], via="link", out=str(tmp_path / "ready"), digests=False)
    planned = service.plan(inspection)
    with path.open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(SourceChangedError):
        service.carry_out(inspection, planned)
    assert not (tmp_path / "ready").exists()


def test_after_a_revocation_there_is_no_message_with_dead_links(tmp_path: Path) -> None:
    made = document("upload", SAMPLE / "cover.jpg", "--expires", "1h", "--out", tmp_path / "a")
    assert delivery("revoke", made["id"]).returncode == 0
    again = delivery("message", made["id"], check=False)
    assert (again.returncode, again.stdout) == (2, "")
    assert "revoked" in again.stderr
    assert "state       revoked" in delivery("show", made["id"]).stdout
