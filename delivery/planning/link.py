"""The link way: few files as they are, many in zips, so that 5,000 files do not become 5,000 links. Pure."""

from __future__ import annotations

from delivery.model import Deliverable, FileEntry, Part
from delivery.planning import attach, words, zips
from delivery.planning.names import Filenames
from delivery.planning.sizes import ARCHIVE_MAX, END, member_bytes


def arrange(deliverable: Deliverable, pack: bool) -> tuple[list[Part], tuple[str, ...]]:
    """The parts to upload, not yet numbered, and why in this form. A file that fills a zip alone goes as it is, and so
    does a stream."""
    entries, filenames = deliverable.entries, Filenames()
    if len(entries) <= attach.FEW and attach.is_one_folder(entries):
        return attach.as_is(entries, filenames), ()
    if not pack:
        return attach.as_is(entries, filenames), (words.NO_ZIPS,)
    capacity = ARCHIVE_MAX - END
    small: list[FileEntry] = []
    large: list[FileEntry] = []
    for entry in entries:
        (small if entry.content is None and member_bytes(entry, None) <= capacity else large).append(entry)
    archives = zips.archives(small, [member_bytes(entry, None) for entry in small], capacity) if small else []
    if len(archives) > 1 or large:
        large += [part.members[0] for part in archives if len(part.members) == 1]
        archives = [part for part in archives if len(part.members) > 1]
    parts = attach.as_is(large, filenames) + archives
    reason = f"{words.what(deliverable)}: {words.zips(len(archives), 1)} instead of a link for each" if archives else ""
    return zips.named(parts, deliverable.name, filenames), (reason,) if reason else ()
