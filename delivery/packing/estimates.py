"""How small files become in a zip, from samples, so that a plan can be shown before anything is packed."""

from __future__ import annotations

from collections.abc import Mapping

from delivery.intake.names import extension
from delivery.intake.source import opened
from delivery.model import Deliverable, FileEntry
from delivery.packing import deflate

_ALONE = 4 * 1024**2
"""Files from this size on are sampled each; smaller ones share what a few of their type showed."""
_SAMPLED_PER_TYPE = 12
_MARGIN = 1.03


def estimate(deliverable: Deliverable) -> Mapping[str, int]:
    """Arcname -> the bytes that the file will take up in a zip, a little too high rather than too low.

    Reads some hundred KB of each large file and of a few small ones of each type. Raises LocalError.
    """
    by_type: dict[str, list[FileEntry]] = {}
    sizes: dict[str, int] = {}
    for entry in deliverable.entries:
        if entry.content is not None:
            continue  # a stream is not zipped
        if entry.size >= _ALONE:
            sizes[entry.arcname] = _packed(entry, _ratio(entry))
        else:
            by_type.setdefault(extension(entry.arcname), []).append(entry)
    for entries in by_type.values():
        step = max(len(entries) // _SAMPLED_PER_TYPE, 1)
        sampled = entries[::step][:_SAMPLED_PER_TYPE]
        read = sum(entry.size for entry in sampled)
        ratio = sum(_ratio(entry) * entry.size for entry in sampled) / read if read else 1.0
        sizes |= ((entry.arcname, _packed(entry, ratio)) for entry in entries)
    return sizes


def seems_worth_it(entry: FileEntry) -> bool:
    """Whether a large file is likely to become smaller, by samples. Raises LocalError."""
    return deflate.pays(int(entry.size * _ratio(entry)), entry.size)


def _packed(entry: FileEntry, ratio: float) -> int:
    packed = int(entry.size * ratio * _MARGIN) + 16
    return packed if deflate.pays(packed, entry.size) else entry.size


def _ratio(entry: FileEntry) -> float:
    if not entry.size:
        return 1.0
    with opened(entry) as descriptor:
        return deflate.ratio(entry, descriptor)
