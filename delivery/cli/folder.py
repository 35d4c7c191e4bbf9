"""`--open`: the folder shown by the system's own file manager."""

from __future__ import annotations

import os
import subprocess
import sys

from delivery.cli import render


def show(folder: str) -> None:
    """Have it opened, without waiting. What cannot be opened is but a note: the delivery stands."""
    try:
        if sys.platform == "win32":
            os.startfile(folder)  # noqa: S606
            return
        # Its streams are its own: a file manager that held a pipe of ours would keep the pipe's reader waiting.
        subprocess.Popen(
            ["open" if sys.platform == "darwin" else "xdg-open", folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        render.note(f"the folder cannot be opened here: {error.strerror}: {folder}")
