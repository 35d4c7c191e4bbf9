"""Where the tool keeps its own files. ``DELIVERY_HOME`` moves all of them under one folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

_APP = "delivery"


def config_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Holds ``config.ini``."""
    home = environ.get("DELIVERY_HOME")
    return Path(home) if home else platformdirs.user_config_path(_APP, appauthor=False)


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Holds the ledger and the embedded store."""
    home = environ.get("DELIVERY_HOME")
    return Path(home) if home else platformdirs.user_data_path(_APP, appauthor=False)


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Holds journals of unfinished uploads and logs."""
    home = environ.get("DELIVERY_HOME")
    return Path(home) / "state" if home else platformdirs.user_state_path(_APP, appauthor=False)


def private_dir(path: Path) -> Path:
    """Make ``path`` (with its parents) readable by the user alone where the system knows such a thing."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path
