"""Which files share a zip, and what the zips are called. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from delivery.intake.names import mend_name
from delivery.model import FileEntry, Part, PartKind
from delivery.planning import bins
from delivery.planning.names import Filenames
from delivery.planning.sizes import END, MEMBERS_MAX

_NAME_BYTES = 100


def archives(entries: Sequence[FileEntry], sizes: Sequence[int], capacity: int) -> list[Part]:
    """The entries in zips, each an archive part without a name yet.

    ``sizes`` says what each takes up in a zip, ``capacity`` what one zip holds without its end record.
    """
    packed = bins.pack_folders(
        sizes, lambda place: tuple(entries[place].arcname.split("/")[:-1]), capacity, MEMBERS_MAX
    )
    return [
        Part(0, 0, "", PartKind.ARCHIVE, tuple(entries[p] for p in places), END + sum(sizes[p] for p in places))
        for places in packed
    ]


def named(placed: Sequence[Part], name: str, filenames: Filenames) -> list[Part]:
    """The archives called ``name.zip``, or ``name-01of17.zip`` in the order given, so that they sort."""
    total = sum(part.kind is PartKind.ARCHIVE for part in placed)
    stem = mend_name(name).encode()[:_NAME_BYTES].decode(errors="ignore").rstrip(". ") or "delivery"
    result = []
    number = 0
    for part in placed:
        if part.kind is PartKind.ARCHIVE:
            number += 1
            part = replace(part, filename=filenames.take(f"{stem}{_place(number, total)}.zip"))
        result.append(part)
    return result


def _place(number: int, total: int) -> str:
    return "" if total == 1 else f"-{number:0{len(str(total))}d}of{total}"
