"""The embedded store: a real S3-compatible server on loopback over a private folder, with nothing to configure.

It outlives the command that starts it, detached, so that links work, and ends by itself after the last one's expiry.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from delivery.errors import LocalError
from delivery.options import StoreOptions
from delivery.progress import CancelToken
from delivery.storage import local_server, process
from delivery.storage.base import Store
from delivery.storage.local_state import BUCKET, Folder, telling
from delivery.storage.ports import HOST
from delivery.storage.quirks import table

_START_SECONDS = 30.0
NOTICE = (
    "These links open on this machine only: no store is configured, so the embedded one serves them. For links that a "
    "buyer can open, put a [store:NAME] section with bucket, endpoint and region into the configuration "
    "(`delivery init` writes one) and set store = NAME."
)
MOVED = (
    "The embedded store had to move to another port, because another program took its own: older local links are dead."
)


class Status(NamedTuple):
    """What ``delivery store status`` tells."""

    running: bool
    address: str
    """Where it listens or would listen."""
    folder: str
    until: datetime | None
    """When it ends by itself; None when it does not run or runs until it is stopped."""
    pid: int | None
    bytes_kept: int
    objects: int
    promised: datetime | None
    """Up to when links live; None where all have ended."""


def open_local(*, until: datetime, attempts: int = 6) -> Store:
    """The embedded store, up and kept up to ``until``. Raises MissingDependencyError and LocalError."""
    folder = Folder.usual()
    ensure_running(folder, until)
    from delivery.storage.connect import connect

    identity = folder.identity()
    options = StoreOptions(
        profile="embedded",
        bucket=BUCKET,
        endpoint=f"http://{HOST}:{identity.port}",
        access_key_id=identity.access_key_id,
        secret_access_key=identity.secret_access_key,
    )
    notice = f"{NOTICE} {MOVED}" if identity.moved else NOTICE
    return connect("local", options, table()["embedded"], attempts=attempts, machine=True, notice=notice)


def ensure_running(folder: Folder, until: datetime) -> None:
    """Start the supervisor unless one is alive, and have it stay up to ``until``. Two at once start only one."""
    with folder.held("start", wait=_START_SECONDS) as held:
        if not held:
            raise LocalError(
                "the embedded store is being started by another process and does not come up",
                hint="run the same command again in a minute; `delivery store status` tells whether it is up by then",
            )
        folder.identity()  # refused here in words: the supervisor has only its log to speak to
        deadline = time.monotonic() + _START_SECONDS
        folder.extend(until)
        started = None
        while time.monotonic() < deadline:
            state = folder.state()
            if state.ready and folder.is_served() and local_server.answers(folder.identity().port):
                if started is not None:
                    started.returncode = 0  # it lives on by itself: nobody waits for it
                return
            if started is not None and started.poll() is not None and not folder.is_served():
                break
            if started is None and not folder.is_served():
                folder.change_state(ready=False)
                started = local_server.start_detached(folder)
            time.sleep(0.05)
    raise local_server.did_not_start(folder)


def serve(
    until: datetime | None = None, *, cancel: CancelToken | None = None, ready: Callable[[], None] = lambda: None
) -> None:
    """Serve in the foreground up to ``until``, or until ``cancel`` or ``stop``; ``ready`` is called once it is up.

    Links that were promised meanwhile, and live beyond ``until``, are served on in the background.
    """
    folder, cancel = Folder.usual(), cancel or CancelToken()
    local_server.serve(folder, cancel, forever=until is None, ends=until, ready=ready)
    promised, now = folder.state().since_time(), datetime.now(UTC)
    if until and until <= now and promised and promised > now and not cancel.cancelled:
        ensure_running(folder, promised)


def status() -> Status:
    """Whether it runs, where, until when, and what it keeps."""
    folder = Folder.usual()
    running, state = folder.is_served(), folder.state()
    promised = state.until_time()
    kept = folder.sizes()
    return Status(
        running=running,
        address=f"http://{HOST}:{folder.identity().port}",
        folder=str(folder.files),
        until=(state.ends_time() or promised) if running and not state.forever else None,
        pid=state.pid or None if running else None,
        bytes_kept=sum(kept),
        objects=len(kept),
        promised=promised if promised and promised > datetime.now(UTC) else None,
    )


def stop() -> bool:
    """End it now; False when it did not run. Links stop working until it is started again."""
    folder = Folder.usual()
    with folder.held("serve") as free:
        if free:
            return local_server.end_stale(folder)
    state = folder.state()
    with telling(folder.path):
        folder.stop_request.touch(mode=0o600)
    deadline = time.monotonic() + 10
    while folder.is_served() and time.monotonic() < deadline:
        time.sleep(0.05)
    if folder.is_served():
        process.end(state.child, state.child_start)
        process.end(state.pid, state.pid_start)
    folder.stop_request.unlink(missing_ok=True)
    return True


__all__ = ["MOVED", "NOTICE", "Status", "ensure_running", "open_local", "serve", "status", "stop"]
