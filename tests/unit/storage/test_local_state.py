"""What the embedded store keeps survives other versions, and damage is told before keys are lost."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import LocalError
from delivery.storage import local, local_server, process
from delivery.storage.local_state import Folder, State

BROKEN = [b"", b"\0" * 50, b'{"access_key', b"\xff\xfe", b"[1]", b"1", b'"x"', b"null", b"{}", b"[" * 100_000]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("DELIVERY_HOME", str(tmp_path))
    return Folder.usual()


def kept(folder: Folder, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder.path / name).read_text(encoding="utf-8"))
    return data


def keep(folder: Folder, name: str, data: object) -> None:
    (folder.path / name).write_text(json.dumps(data), encoding="utf-8")


def test_keys_are_made_once(folder: Folder) -> None:
    assert folder.identity() == folder.identity()
    assert folder.move_port() == folder.identity()
    assert folder.identity().moved


@pytest.mark.parametrize("name", ["state.json", "start.lock", "serve.lock", "state.lock", "identity.lock", "log.txt"])
def test_a_folder_in_the_place_of_a_file_is_told(folder: Folder, name: str) -> None:
    (folder.path / name).mkdir()
    with pytest.raises(LocalError, match="embedded store") as caught:
        local.open_local(until=datetime.now(UTC))
    assert name in str(caught.value)
    assert "DELIVERY_HOME" in caught.value.hint
    assert list(folder.path.glob("*.tmp")) == []


def test_a_file_in_the_place_of_a_folder_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.path / "users").touch()
    with pytest.raises(LocalError, match="Not a directory"), folder.in_use():
        raise AssertionError
    monkeypatch.setenv("DELIVERY_HOME", str(folder.path / "users"))
    with pytest.raises(LocalError, match="Not a directory"):
        local.status()


def test_what_fails_while_it_is_in_use_is_not_laid_on_its_folder(folder: Folder) -> None:
    with pytest.raises(BrokenPipeError), folder.in_use():
        raise BrokenPipeError
    with pytest.raises(BrokenPipeError), folder.held("serve"):
        raise BrokenPipeError


def test_damaged_keys_are_told_and_left_as_they_are(folder: Folder) -> None:
    folder.identity()
    path = folder.path / "identity.json"
    whole = path.read_bytes()
    other = [json.dumps(json.loads(whole) | {"port": port}).encode() for port in (0, 65536, -1, "1", None, 1.5)]
    for harm in (*BROKEN, *other):
        path.write_bytes(harm)
        for ask in (folder.identity, folder.move_port, local.status, lambda: local.open_local(until=datetime.now(UTC))):
            with pytest.raises(LocalError, match=r"identity\.json") as caught:
                ask()
            assert "links" in caught.value.hint
            assert caught.value.code == "local-store"
        assert path.read_bytes() == harm
    assert not folder.is_served()


@pytest.mark.parametrize("looks", [0, 1])
def test_what_goes_while_it_is_counted_is_no_fault(folder: Folder, monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    for name in ("kept", "going"):
        (folder.files / "deliveries" / name).write_bytes(b"12345")
    stat, seen = os.stat, []

    def gone_after_some_looks(path: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("going"):
            seen.append(path)
            if len(seen) > looks:
                raise FileNotFoundError(path)
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", gone_after_some_looks)
    assert local.status().objects == 1 + looks


def test_what_a_newer_version_keeps_besides_is_left_aside(folder: Folder) -> None:
    folder.extend(datetime(2027, 1, 1, tzinfo=UTC))
    identity, state = folder.identity(), folder.state()
    for name in ("identity.json", "state.json"):
        keep(folder, name, kept(folder, name) | {"new": 1})
    assert (folder.identity(), folder.state()) == (identity, state)


def test_a_damaged_state_counts_as_none(folder: Folder) -> None:
    path = folder.path / "state.json"
    wrong = [{"pid": "x"}, {"pid": None}, {"until": 5}, {"until": "soon"}, {"ready": "yes"}, {"child_start": 1}]
    for harm in (*BROKEN, *(json.dumps(values).encode() for values in wrong)):
        path.write_bytes(harm)
        assert folder.state() == State()
    assert folder.change_state(ready=True) == folder.state() == State(ready=True)


def test_a_time_without_a_zone_is_utc(folder: Folder) -> None:
    keep(folder, "state.json", {"until": "2026-12-01T00:00:00"})
    assert folder.state().until_time() == datetime(2026, 12, 1, tzinfo=UTC)
    later = datetime(2026, 12, 2, tzinfo=UTC)
    assert folder.extend(later).until_time() == later
    assert folder.extend(datetime(2026, 12, 1, tzinfo=UTC)).until_time() == later


def test_a_mark_that_windows_keeps_while_it_is_looked_at_is_removed_later(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlink(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        with folder.in_use():
            pass
        assert not folder.has_users()
    assert list((folder.path / "users").iterdir())
    assert not folder.has_users()
    assert list((folder.path / "users").iterdir()) == []


def test_stopping_ends_a_server_whose_supervisor_was_killed(folder: Folder) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as server:
        try:
            folder.change_state(child=server.pid, child_start=process.started(server.pid), ready=True)
            assert local.stop()
            assert server.wait(10) != 0
        finally:
            server.kill()
    assert not local.stop()


def test_a_large_log_that_windows_keeps_is_written_on(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlink(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file", str(path))

    folder.log.write_bytes(b"x" * 1_100_000)
    monkeypatch.setattr(Path, "unlink", unlink)
    monkeypatch.setattr(local_server, "find_server", lambda: Path("rclone"))
    monkeypatch.setattr(subprocess, "Popen", lambda *_, stdout, **more: stdout.write(b"begun"))
    local_server.start_detached(folder)
    assert folder.log.read_bytes().endswith(b"begun")
