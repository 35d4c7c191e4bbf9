"""A single file's link, and what lies here under its name: no digest is stated, so other signs must tell."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from delivery.errors import LocalError
from delivery.escape import printable
from delivery.fetching.place import digest_of
from delivery.fetching.source import Single
from delivery.intake.source import unreadable
from delivery.storage.answers import moment_of

_MD5 = re.compile(r'"([0-9a-f]{32})"')


def same(path: Path, found: Single, told: Callable[[int], None]) -> str | None:
    """The SHA-256 of the file at ``path`` where it is the one that ``found`` is; None where only its bytes would tell.

    An ETag that is an MD5 tells by itself. Else the time does: one that was fetched has its object's.
    Raises LocalError where something else lies there.
    """
    try:
        seen = path.lstat()
        may_be = stat.S_ISREG(seen.st_mode) and seen.st_size == found.size
        if may_be and (stated := _MD5.fullmatch(found.etag)):
            with path.open("rb") as stream:
                is_same = hashlib.file_digest(stream, _md5).hexdigest() == stated[1]
        else:
            at = moment_of(found.modified)
            is_same = at is not None and seen.st_mtime == at.timestamp()
    except OSError as error:
        raise unreadable(str(path), error) from error
    if not may_be:  # out here, since a LocalError is an OSError too
        raise _other(path)
    return digest_of(path, told) if is_same else None


def date(path: Path, modified: str) -> None:
    """Give the file at ``path`` the time that its object has, as far as the disk can keep it."""
    if (at := moment_of(modified)) is not None:
        with suppress(OSError):
            os.utime(path, (at.timestamp(), at.timestamp()))


def _other(path: Path) -> LocalError:
    return LocalError(
        f"{printable(str(path))} exists already and is not what the link leads to",
        hint="move it away, or choose another folder with --out",
        code="out-exists",
    )


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)
