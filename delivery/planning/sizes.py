"""What a zip costs beyond its members' bytes, exactly, and how large one may be to open everywhere. Pure.

The writer in ``packing`` writes this form and no other: no Zip64, no data descriptors, one 9-byte time field.
"""

from __future__ import annotations

from collections.abc import Mapping

from delivery.model import FileEntry

ARCHIVE_MAX = 2**31 - 1
"""Above it some readers want Zip64, which Finder and older Windows do not open."""
MEMBERS_MAX = 65_534
MEMBER_MAX = 2**32 - 2
"""The largest file, unpacked, that a zip without Zip64 can hold."""
END = 22
"""The end record of a zip."""


def header_bytes(arcname: str) -> int:
    """What one member adds to a zip beside its packed bytes."""
    return 94 + 2 * len(arcname.encode())


def member_bytes(entry: FileEntry, packed_sizes: Mapping[str, int] | None) -> int:
    """What the entry takes up in a zip: its headers and its packed bytes, or its size where those are unknown."""
    data = entry.size if packed_sizes is None else min(entry.size, packed_sizes.get(entry.arcname, entry.size))
    return header_bytes(entry.arcname) + data
