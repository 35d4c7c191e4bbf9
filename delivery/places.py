"""Where the tool keeps its own files (``DELIVERY_HOME`` moves all of them under one folder), and where it is run."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from delivery.errors import FULL, NO_LOCKS, REFUSED, ConfigError, DeliveryError, LocalError
from delivery.values import path_of

_APP = "delivery"


def config_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Holds ``config.ini``."""
    return _home(environ) or _of_the_user(platformdirs.user_config_path)


def data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Holds the ledger and the embedded store."""
    return _home(environ) or _of_the_user(platformdirs.user_data_path)


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Holds journals of unfinished uploads, copies of inputs that are no files, and cleaned copies."""
    home = _home(environ)
    return home / "state" if home else _of_the_user(platformdirs.user_state_path)


def remedy(error: OSError) -> str:
    """The hint for what could not be written into a folder of the tool's own."""
    if error.errno in FULL:
        return "make room on the disk, or set DELIVERY_HOME to a folder on another one"
    if error.errno in REFUSED:
        return "check the permissions there, or set DELIVERY_HOME to a folder that you may write to"
    if error.errno in NO_LOCKS:
        return "set DELIVERY_HOME to a folder on a disk of this machine: some network shares know no locks"
    return "look at what is there, or set DELIVERY_HOME to another folder"


@contextmanager
def telling(what: str, *, hint: str = "{}") -> Iterator[None]:
    """Raise what the system refuses in a folder of the tool's own as LocalError: ``what`` is not done, and why.

    ``{}`` in the ``hint`` is what :func:`remedy` says.
    """
    try:
        yield
    except DeliveryError:
        raise
    except OSError as error:
        code = "disk-full" if error.errno in FULL else None
        raise LocalError(f"{what}: {error.strerror or error}", hint=hint.format(remedy(error)), code=code) from error


def own_folders() -> tuple[Path, ...]:
    """All of these, where they are known. What lies beside the tool's own files there may be somebody's work."""
    try:
        return config_dir(), data_dir(), state_dir()
    except ConfigError:
        return ()


def own_files() -> tuple[Path, ...]:
    """The files and folders in these that are the tool's alone. On macOS and Windows all three are one folder."""
    try:
        config, data, state = config_dir(), data_dir(), state_dir()
    except ConfigError:
        return ()
    ledger = (data / f"ledger.sqlite3{ending}" for ending in ("", "-wal", "-shm", "-journal"))
    kept = (state / name for name in ("uploads", "inputs", "cleaned"))
    return config / "config.ini", data / "store", *ledger, *kept


def _home(environ: Mapping[str, str]) -> Path | None:
    """Absolute, for whoever runs in another folder; and ``~`` is read, as no shell does in a CI service's variables."""
    home = environ.get("DELIVERY_HOME", "").strip()
    return absolute(path_of(home)) if home else None


def _of_the_user(folder: Callable[..., Path]) -> Path:
    """Raises ConfigError where the user has no home, as in a container that runs under a number without a name."""
    try:
        path = folder(_APP, appauthor=False)
        if path.is_absolute():
            return path
    except RuntimeError:  # what older releases of platformdirs answer is relative
        pass
    raise ConfigError(
        "no home folder is known in which the tool could keep its own files",
        hint="set DELIVERY_HOME to a folder, or HOME",
        code="no-home",
    )


def made_dir(path: Path) -> Path:
    """Make ``path``, and what is missing above it, for the user alone where the system knows such a thing.

    A folder that is there keeps its mode: it may be shared, as DELIVERY_HOME may.
    """
    for folder in reversed((path, *path.parents)):
        if not folder.is_dir():
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
            except FileExistsError as error:  # which tells nobody what is wrong with it
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    return path


def absolute(path: Path) -> Path:
    """``path`` from the root on, its links left as they are. Raises LocalError where the current folder was removed."""
    try:
        return path.absolute()
    except FileNotFoundError as error:
        raise LocalError(
            "the current folder is not there any more",
            hint="change to a folder that is there, and run the same command again",
            code="no-current-folder",
        ) from error


def private_dir(path: Path) -> Path:
    """A folder of our own, made and kept for the user alone."""
    made_dir(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path
