"""Opening the ledger's SQLite file: private, in WAL mode, migrated, with every failure in plain words."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from delivery.errors import LocalError
from delivery.ledger.damage import Row
from delivery.ledger.schema import STEPS
from delivery.places import made_dir, remedy

WAIT_SECONDS = 30.0
"""How long a writer waits for another one."""
_creating = threading.Lock()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The database at ``path`` as it is at one moment, whatever others write meanwhile. Raises LocalError."""
    with _opened(path) as connection:
        connection.execute("BEGIN")
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The database at ``path``; what is done to it is kept whole or not at all. Raises LocalError."""
    with _opened(path) as connection, _transaction(connection):
        yield connection


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the migrated database, closed at the end."""
    with _explained(path):
        made_dir(path.parent)
        _make_private(path)
        connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            connection.row_factory = Row
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            _use_wal(connection)
            _migrate(connection, path)
            yield connection
        finally:
            connection.close()


def is_there(path: Path) -> bool:
    """Raises LocalError."""
    with _explained(path):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing, also when the process is killed inside."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _make_private(path: Path) -> None:
    """The file exists and is readable by the user alone; SQLite gives its -wal and -shm the same permissions.

    One that is there is not opened: closing it would let go of the locks that SQLite holds on it for another thread,
    and another process would then write over what that one has begun.
    """
    with _creating, suppress(FileExistsError):
        os.close(os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for wrong, why in ((path.is_dir(), errno.EISDIR), (not os.access(path, os.R_OK | os.W_OK), errno.EACCES)):
        if wrong:  # told now, and not when there is something to keep: SQLite reads what it cannot write
            raise OSError(why, os.strerror(why), str(path))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Changing the mode asks for a lock that SQLite does not wait for by itself."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    def version() -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    if version() > len(STEPS):
        raise LocalError(
            f"the record of deliveries {path} was written by a newer version of this tool",
            hint="update this tool, or set DELIVERY_HOME to another folder",
            code="ledger-newer",
        )
    if version() == len(STEPS):
        return
    with _transaction(connection):
        for number, step in enumerate(STEPS[version() :], start=version() + 1):
            for statement in _statements(step):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    """One by one, because ``executescript`` would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _is_busy(error):
            raise LocalError(
                f"the record of deliveries {path} is in use by another run",
                hint="wait for the other run to end and try again; where there is none, the disk may know no locks: "
                "set DELIVERY_HOME to a folder on a disk of this machine",
                code="ledger-busy",
            ) from error
        if _is_damage(error):
            raise _damaged(path) from error
        if isinstance(error, sqlite3.OperationalError):
            raise LocalError(
                f"the record of deliveries {path} cannot be used: {error}",
                hint="check the disk space and permissions there, or set DELIVERY_HOME to another folder",
                code="ledger",
            ) from error
        raise
    except UnicodeDecodeError as error:  # what SQLite says of the damage quotes it
        raise _damaged(path) from error
    except OSError as error:
        if isinstance(error, LocalError):
            raise
        raise LocalError(
            f"the record of deliveries {path} cannot be opened: {error.strerror or error}",
            hint=remedy(error),
            code="ledger",
        ) from error


def _damaged(path: Path) -> LocalError:
    return LocalError(
        f"the record of deliveries {path} is damaged",
        hint=f"rename {path.name} and run again: a new one is begun; what was delivered is safe",
        code="ledger-damaged",
    )


def _is_damage(error: sqlite3.Error) -> bool:
    """Also a table or column that is not there, and a text that is none, for which SQLite has no code of its own."""
    if isinstance(error, sqlite3.OperationalError) and _result(error) in {0, sqlite3.SQLITE_ERROR}:
        return True
    return _result(error) in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


def _result(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_busy(error: sqlite3.Error) -> bool:
    return _result(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
