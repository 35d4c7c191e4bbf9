"""What Windows makes of paths: long ones need another form, and some names can be no file's."""

from __future__ import annotations

import errno
import ntpath
import os
import re

_ON_WINDOWS = os.name == "nt"
_LONG = 248  # the limit there for folders; that for files is 260


def reachable(path: str) -> str:
    """``path`` as Windows takes it whatever its length, where it is long; unchanged elsewhere."""
    whole = ntpath.abspath(path) if _ON_WINDOWS else path
    if not _ON_WINDOWS or len(whole) < _LONG or whole.startswith("\\\\?\\"):
        return path
    return f"\\\\?\\UNC{whole[1:]}" if whole.startswith("\\\\") else f"\\\\?\\{whole}"


def plain(path: str) -> str:
    """``path`` without what :func:`reachable` puts in front, so that it compares with others."""
    return f"\\\\{path[8:]}" if path.startswith("\\\\?\\UNC\\") else path.removeprefix("\\\\?\\")


def no_such_name(path: str, error: OSError) -> str:
    """The hint where the system says that nothing can be called so, as Windows does; empty for all else."""
    if error.errno != errno.EINVAL or not re.search(r'[\x00-\x1f<>"|?*]', plain(path)):
        return ""
    if _ON_WINDOWS and path.count('"') % 2:
        return r"the shell took \" at the end for a quote in the name; leave out the backslash before the closing quote"
    return 'no name there can have a control character or one of < > : " | ? * in it'
