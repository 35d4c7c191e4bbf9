"""The attach way: as they are, zips that open on their own, volumes for a file that alone is too large. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from delivery.errors import PackingError
from delivery.intake.names import fold
from delivery.model import Deliverable, FileEntry, Part, PartKind
from delivery.planning import bins, volumes, words, zips
from delivery.planning.names import Filenames
from delivery.planning.room import largest_attachment
from delivery.planning.sizes import ARCHIVE_MAX, END, MEMBER_MAX, member_bytes
from delivery.planning.types import is_taken, is_taken_in_zip
from delivery.profile import Profile

FEW = 10
"""Up to so many files go as they are; more are a chore to attach one by one, and to save one by one."""


class Arranged(NamedTuple):
    parts: list[Part]
    """In the order of their messages, not yet numbered."""
    messages: int
    reasons: tuple[str, ...]
    oversize: FileEntry | None = None
    """The largest file that had to be cut into volumes."""


def arrange(deliverable: Deliverable, profile: Profile, packed_sizes: Mapping[str, int] | None, pack: bool) -> Arranged:
    """The fewest attachments. Raises PackingError when the platform's types or limits leave no way to attach."""
    entries = deliverable.entries
    hindrance = _hindrance_as_is(deliverable, profile)
    if hindrance is None:
        return Arranged(as_is(entries, Filenames()), 1, (words.fits_as_is(deliverable, profile),))
    _refuse_types(entries, profile)
    one = largest_attachment(profile.limits)
    capacity = min(one, ARCHIVE_MAX) - END
    zipped: list[FileEntry] = []
    sizes: list[int] = []
    loose: list[FileEntry] = []
    cut: list[FileEntry] = []
    zips_taken = is_taken("a.zip", profile)
    zipping = pack and zips_taken
    for entry in entries:
        size = member_bytes(entry, packed_sizes)
        if zipping and entry.size <= MEMBER_MAX and size <= capacity:
            zipped.append(entry)
            sizes.append(size)
        elif entry.size <= one and is_taken(entry.arcname, profile):
            loose.append(entry)
        else:
            cut.append(entry)
    if cut and not zipping and (small := [entry for entry in cut if entry.size <= one]):
        refused = words.blocked([entry.arcname for entry in small], profile)
        if zips_taken:
            raise _refusal(f"{refused} outside a zip, and you asked for none", "let it be zipped (--pack), ")
        raise _refusal(f"{refused}, nor zips")
    filenames = Filenames()
    parts = [part for entry in cut for part in volumes.cut(entry, profile, filenames)]
    parts += as_is(loose, filenames)
    if zipped:
        archives = zips.archives(zipped, sizes, capacity)
        if len(archives) == len(zipped) and not cut and _can_be_loose(entries, profile, one):
            parts = as_is(entries, Filenames())
        else:
            parts += archives
    if cut:
        parts = volumes.companions(cut, len(entries), parts, profile) + parts
    messages = _messages([part.size for part in parts], profile)
    placed = [replace(parts[place], message=number) for number, held in enumerate(messages, 1) for place in held]
    placed = zips.named(placed, deliverable.name, filenames)
    reasons = [hindrance]
    if not zipping:
        reasons.append(f"{profile.title} takes no zips, so the files go side by side" if pack else words.NO_ZIPS)
    number = sum(part.kind is PartKind.ARCHIVE for part in placed)
    if number:
        reasons.append(words.zips(number, len(messages)))
    largest = max(cut, key=lambda entry: entry.size, default=None)
    if largest is not None:
        reasons.append(words.too_large(largest, profile))
    if len(messages) > 1:
        reasons.append(f"{profile.title} takes {words.limits(profile)}, so it goes in {len(messages):,} messages")
    return Arranged(placed, len(messages), tuple(dict.fromkeys(reasons)), largest)


def as_is(entries: Iterable[FileEntry], filenames: Filenames) -> list[Part]:
    return [
        Part(0, 0, filenames.take(entry.arcname.rpartition("/")[2]), PartKind.AS_IS, (entry,), entry.size)
        for entry in entries
    ]


def is_one_folder(entries: Sequence[FileEntry]) -> bool:
    """Whether the files can lie side by side without losing anything: one folder, names that differ everywhere."""
    if len({entry.arcname.rpartition("/")[0] for entry in entries}) > 1:
        return False
    names = {fold(entry.arcname.rpartition("/")[2]) for entry in entries}
    return len(names) == len(entries) and not names & Filenames.reserved


def _hindrance_as_is(deliverable: Deliverable, profile: Profile) -> str | None:
    """Why the files cannot go as they are in one message, or None when they can."""
    entries, known = deliverable.entries, profile.limits
    refused = [entry.arcname for entry in entries if not is_taken(entry.arcname, profile)]
    if refused:
        return words.blocked(refused, profile)
    one = largest_attachment(profile.limits)
    largest = max(entries, key=lambda entry: entry.size)
    if largest.size > one:
        return words.too_large(largest, profile)
    whole = words.what(deliverable)
    too_large = known.message_bytes is not None and deliverable.size > known.message_bytes
    if too_large or (known.message_files is not None and len(entries) > known.message_files):
        return f"{whole} are more than one {profile.title} message takes ({words.limits(profile)})"
    if len(entries) > FEW:
        return f"{whole} are many to attach and to save one by one"
    if any(fold(entry.arcname.rpartition("/")[2]) in Filenames.reserved for entry in entries):
        return f"{whole} hold a name that the delivery's own files have, and a zip keeps them apart"
    if not is_one_folder(entries):
        return f"{whole} lie in several folders, and a zip keeps them so"
    return None


def _can_be_loose(entries: Sequence[FileEntry], profile: Profile, one: int) -> bool:
    return is_one_folder(entries) and all(entry.size <= one and is_taken(entry.arcname, profile) for entry in entries)


def _refuse_types(entries: Sequence[FileEntry], profile: Profile) -> None:
    inside = [entry.arcname for entry in entries if not is_taken_in_zip(entry.arcname, profile)]
    if inside:
        raise _refusal(f"{words.blocked(inside, profile)}, not even inside a zip")


def _refusal(message: str, first: str = "") -> PackingError:
    hint = f"{first}send a link instead (--via link), or leave the file out"
    return PackingError(message, hint=hint, code="type-blocked")


def _messages(sizes: Sequence[int], profile: Profile) -> bins.Bins:
    """Attachments by message: in order where that needs no extra message."""
    known = profile.limits
    capacity = known.message_bytes if known.message_bytes is not None else sum(sizes)
    in_order = bins.pack_in_order(sizes, capacity, known.message_files)
    tight = bins.pack(sizes, capacity, known.message_files)
    return tight if len(tight) < len(in_order) else in_order
