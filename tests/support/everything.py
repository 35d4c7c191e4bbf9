"""All that lies in a folder, to be compared with what lay there before."""

from __future__ import annotations

from pathlib import Path


def everything(folder: Path | str = ".") -> dict[str, tuple[int, bytes]]:
    """Each path with its time and bytes; a folder has no bytes."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(Path(folder).rglob("*"))
    }
