"""What leads to another folder: symbolic links, and the junctions of Windows, which Python calls folders."""

from __future__ import annotations

import os
import stat

_JUNCTION = 0xA0000003
"""``stat.IO_REPARSE_TAG_MOUNT_POINT``, which Python has on Windows alone."""


def is_link(path: str | os.PathLike[str]) -> bool:
    """Whether it is a link or junction itself; ``os.path.isjunction`` came with Python 3.12 only."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION
