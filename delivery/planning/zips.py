"""Which files share a zip, and what the zips are called. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from delivery.intake.names import mend_name
from delivery.model import FileEntry, Part, PartKind
from delivery.planning import bins
from delivery.planning.names import Filenames
from delivery.planning.sizes import END, MEMBERS_MAX, member_bytes

_NAME_BYTES = 100


def group(entries: Sequence[FileEntry], capacity: int, packed_sizes: Mapping[str, int] | None) -> list[list[FileEntry]]:
    """The entries by zip. ``capacity`` is what one zip holds without its end record."""
    sizes = [member_bytes(entry, packed_sizes) for entry in entries]
    packed = bins.pack_folders(
        sizes, lambda place: tuple(entries[place].arcname.split("/")[:-1]), capacity, MEMBERS_MAX
    )
    return [[entries[place] for place in members] for members in packed]


def parts(grouped: Sequence[Sequence[FileEntry]], packed_sizes: Mapping[str, int] | None) -> list[Part]:
    """One archive part for each group, without a name yet."""
    return [
        Part(0, 0, "", PartKind.ARCHIVE, tuple(held), END + sum(member_bytes(entry, packed_sizes) for entry in held))
        for held in grouped
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
