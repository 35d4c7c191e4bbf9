"""What a disk can do to an output, in the words of the error tree."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from delivery.errors import FULL, NO_LOCKS, REFUSED, LocalError
from delivery.escape import printable
from delivery.intake.windows_paths import no_such_name


@contextmanager
def writing(place: Path | str) -> Iterator[None]:
    """Turn an OSError of the block into a LocalError about ``place``, and a name that the system cannot write too."""
    try:
        yield
    except LocalError:
        raise
    except UnicodeEncodeError as error:
        raise LocalError(
            f"{printable(error.object)} cannot be written: names on this system are {error.encoding}",
            hint="choose a locale with UTF-8, or set PYTHONUTF8=1",
            code="name-encoding",
        ) from error
    except OSError as error:
        raise _translated(error, str(place)) from error


def _translated(error: OSError, path: str) -> LocalError:
    place = printable(path)
    if error.errno in FULL:
        return LocalError(
            f"the disk is full: {place} could not be written",
            hint="make room there, or choose a folder on another disk with --out",
            code="disk-full",
        )
    if error.errno in REFUSED:
        return LocalError(
            f"{place} cannot be written: {error.strerror}",
            hint="choose a folder with --out that you may write to",
            code="out-not-writable",
        )
    if error.errno == errno.EFBIG:
        return LocalError(
            f"{place} is larger than its disk can hold as one file",
            hint="choose a folder on another disk with --out; a FAT disk stops at 4 GB",
            code="disk-full",
        )
    hint = no_such_name(path, error) or "try another folder with --out"
    if error.errno == errno.ENAMETOOLONG:
        hint = "rename the file, or choose a folder with a shorter name, or on another disk, with --out"
    elif error.errno in NO_LOCKS:
        hint = "choose a folder on a disk of this machine with --out: some network shares know no locks"
    return LocalError(f"{place} cannot be written: {error.strerror or error}", hint=hint)
