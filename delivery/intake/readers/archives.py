"""Archives of every kind: what they hold, down to archives in archives, within caps on depth, count and bytes."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.intake.observation import Seen
from delivery.intake.readers import zips
from delivery.intake.readers.formats import extension, sniff
from delivery.intake.readers.view import View

_DEPTH = 3
_NESTED = 40
_NESTED_BYTES = 24 * 1024**2
_NESTED_LARGEST = 8 * 1024**2
_ARCHIVES = frozenset({"zip", "7z", "rar", "gz", "tgz", "tar", "bz2", "xz", "zst", "jar", "cbz"})


@dataclass
class _Budget:
    """Shared by all archives inside one file."""

    archives: int = _NESTED
    unpacked: int = _NESTED_BYTES


def read_zip(view: View) -> None:
    """Notes on the archive and the names of all that it holds."""
    _read_zip(view, view, "", 1, _Budget())


def _read_zip(top: View, view: View, prefix: str, depth: int, budget: _Budget) -> None:
    for member in zips.members(view):
        if len(top.members) >= zips.MOST_MEMBERS:
            return
        top.members.append(prefix + member.name)
        if extension(member.name) == "zip" and not member.encrypted:
            _read_nested(top, view, member, prefix + member.name + "/", depth, budget)


def _read_nested(top: View, view: View, member: zips.Member, prefix: str, depth: int, budget: _Budget) -> None:
    if depth >= _DEPTH or budget.archives <= 0:
        top.note(Seen.UNSEEN, "archives inside archives inside it were not looked into")
        return
    budget.archives -= 1
    if member.method == 0:
        start = zips.data_offset(view, member)
        if start is None:
            return
        inner = View(lambda offset, count: view.at(start + offset, count), min(member.size, view.size - start))
    else:
        if member.size > min(_NESTED_LARGEST, budget.unpacked):
            top.note(Seen.UNSEEN, "an archive inside it is too large to look into")
            return
        data = zips.content(view, member, min(_NESTED_LARGEST, budget.unpacked)) or b""
        budget.unpacked -= len(data)
        inner = View.of_bytes(data)
    if sniff(inner.head) != "zip":
        return
    _read_zip(top, inner, prefix, depth + 1, budget)
    for fact in inner.facts:
        top.note(fact.kind, fact.detail, prefix.rstrip("/"))


def is_archive_name(name: str) -> bool:
    return extension(name) in _ARCHIVES
