"""A file that alone is larger than any attachment, cut into volumes that 7-Zip also joins. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from delivery.errors import PackingError
from delivery.escape import printable
from delivery.model import FileEntry, Part, PartKind
from delivery.planning import words
from delivery.planning.names import JOINER, MANIFEST, Filenames
from delivery.planning.room import largest_attachment
from delivery.planning.types import is_taken
from delivery.profile import Profile

MOST = 9_999
JOINER_BYTES = 192 * 1024
"""Room that is kept for the joiner page in the first message; the page that is made must be smaller."""
_RECORD_BYTES = 640
"""An upper bound for one file or part in the manifest."""


def cut(entry: FileEntry, profile: Profile, filenames: Filenames) -> list[Part]:
    """``name.ext.001`` and so on. Raises PackingError when the platform takes no such names or would need thousands."""
    if not is_taken("a.001", profile):
        raise _impossible(entry, profile, "and does not take parts named .001 either")
    size = _volume_bytes(profile)
    number = -(-entry.size // size) if size > 0 else MOST + 1
    if number > MOST:
        raise _impossible(entry, profile, f"and would need more than {MOST:,} parts")
    base = filenames.take(entry.arcname.rpartition("/")[2])
    digits = max(3, len(str(number)))
    return [
        Part(
            0,
            0,
            filenames.take_safe(f"{base}.{place + 1:0{digits}d}"),
            PartKind.VOLUME,
            (entry,),
            min(size, entry.size - place * size),
            offset=place * size,
        )
        for place in range(number)
    ]


def companions(cut_files: Sequence[FileEntry], files: int, parts: Sequence[Part], profile: Profile) -> list[Part]:
    """The joiner page and the manifest, where the platform takes their types and sizes; each costs no volume a byte."""
    volumes = sum(part.kind is PartKind.VOLUME for part in parts)
    wanted = (
        (JOINER, PartKind.JOINER, JOINER_BYTES + _RECORD_BYTES * (len(cut_files) + volumes)),
        (MANIFEST, PartKind.MANIFEST, _RECORD_BYTES * (2 + files + len(parts))),
    )
    known = profile.limits
    one = largest_attachment(known)
    taken = [part for part in wanted if is_taken(part[0], profile) and part[2] <= one]
    if known.message_files is not None:
        taken = taken[: max(known.message_files - 1, 0)]
    return [Part(0, 0, name, kind, tuple(cut_files), size) for name, kind, size in taken]


def _volume_bytes(profile: Profile) -> int:
    """As large as one attachment may be; where the message's total decides, with room for the companions beside it."""
    known = profile.limits
    if known.message_bytes is None:
        return known.file_bytes or 0
    spare = 2 * JOINER_BYTES
    roomy = known.message_bytes - spare if known.message_bytes >= 8 * spare else known.message_bytes
    return roomy if known.file_bytes is None else min(known.file_bytes, roomy)


def _impossible(entry: FileEntry, profile: Profile, why: str) -> PackingError:
    return PackingError(
        f"{words.too_large(entry, profile)}, {why}",
        hint=f"send {printable(entry.arcname)} as a link (--via link)",
        code="file-too-large",
    )
