"""The proof sheet: one small PDF that shows what was delivered, to attach where the work itself goes by link.

A PDF, because every phone and computer opens and prints it as it is. Its text is real text in the fonts that every
viewer brings, so a digest can be copied and the sheet can be read aloud; names in other scripts are drawn with this
machine's fonts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from delivery.intake.names import fold, unique
from delivery.model import FileEntry
from delivery.progress import CancelToken, NullProgress, Progress


def file_name(name: str) -> str:
    """``website-proof.pdf`` for the delivery ``website``: plain ASCII that every system and platform takes."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9]+", "-", ascii_name).strip("-")[:60].strip("-")
    return f"{safe}-proof.pdf" if safe else "proof.pdf"


def write(
    folder: Path,
    *,
    name: str,
    files: Sequence[FileEntry],
    when: datetime,
    order: str | None = None,
    language: str = "en",
    expires_at: datetime | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Write the sheet for ``files`` into ``folder`` and return where it is: under a name that none of them has.

    Pictures that cannot be shown become a neutral tile. The same input on the same machine gives the same bytes. Raises
    :class:`~delivery.errors.LocalError` where the folder cannot be written, :class:`~delivery.errors.Cancelled`.
    """
    from delivery.packing.proof import sheet
    from delivery.packing.slices import write_whole

    data = sheet.draw(
        name=name, files=files, when=when, order=order, language=language, expires_at=expires_at,
        progress=progress or NullProgress(), cancel=cancel or CancelToken(),
    )  # fmt: skip
    names = (file.arcname.rpartition("/")[2] for file in files)
    path = folder / unique(file_name(name), {fold(other) for other in names if other.lower().endswith(".pdf")})
    write_whole(path, data)
    return path
