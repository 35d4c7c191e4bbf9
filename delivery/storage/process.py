"""Processes seen from outside: is the one with this number still the one that we started?"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover (runs on Windows)
    import ctypes

    def started(pid: int) -> str | None:
        """A text that tells this process from any later one with the same number; None when it does not run."""
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return None
        times = [ctypes.c_ulonglong() for _ in range(4)]
        code = ctypes.c_ulong()
        try:
            kernel.GetExitCodeProcess(handle, ctypes.byref(code))
            if code.value != 259 or not kernel.GetProcessTimes(handle, *map(ctypes.byref, times)):  # STILL_ACTIVE
                return None
            return str(times[0].value)
        finally:
            kernel.CloseHandle(handle)

else:

    def started(pid: int) -> str | None:
        """A text that tells this process from any later one with the same number; None when it does not run."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except FileNotFoundError:
            return None if Path("/proc/self/stat").exists() else _started_by_ps(pid)
        return None if fields[0] == "Z" else fields[19]

    def _started_by_ps(pid: int) -> str | None:
        told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return told.stdout.strip() or None


def end(pid: int, start: str | None) -> None:
    """End the process if it still is the one that started at ``start``."""
    if start is not None and started(pid) == start:
        with contextlib.suppress(OSError):  # it ended just now, or is not ours
            os.kill(pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)


def die_with_parent() -> None:
    """For the child, between fork and exec: ask Linux to end it when the parent dies. A no-op elsewhere."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
