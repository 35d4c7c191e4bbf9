"""What goes up, and what is up there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from delivery.intake.source import unreadable
from delivery.model import FileEntry, StoredObject


class Upload(NamedTuple):
    """One file to send. The page alone is ``inline``."""

    entry: FileEntry
    name: str
    """What the buyer saves it as."""
    media_type: str = "application/octet-stream"
    inline: bool = False
    key_name: str = ""
    """The last piece of its key, safe ASCII; made from ``name`` when empty."""
    members: tuple[str, ...] = ()
    """The arcnames that it carries."""

    @classmethod
    def of_path(
        cls, path: str | Path, name: str | None = None, media_type: str = "application/octet-stream", **more: Any
    ) -> Upload:
        """The file at ``path`` as it is now. Raises LocalError when it cannot be looked at."""
        try:
            seen = Path(path).stat()
        except OSError as error:
            raise unreadable(str(path), error) from error
        shown = name or Path(path).name
        entry = FileEntry(str(path), shown, seen.st_size, seen.st_mtime_ns, media_type=media_type)
        return cls(entry, shown, media_type, **more)


class Uploaded(NamedTuple):
    """One file that is in the store, compared with what was sent."""

    stored: StoredObject
    name: str
    sha256: str
    media_type: str = "application/octet-stream"
    inline: bool = False
    members: tuple[str, ...] = ()
