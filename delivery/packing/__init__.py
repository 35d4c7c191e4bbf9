"""The plan made real in a folder, and the proof that it is what it should be."""

from __future__ import annotations

from delivery.lazy import lazily

TYPE_CHECKING = False  # as type checkers read it; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from delivery.packing.check import Joined, Verified, join, verify
    from delivery.packing.estimates import estimate
    from delivery.packing.work import Packed, pack, pack_archives, refuse_inside, refuse_out

__getattr__ = lazily(
    __name__,
    {
        "check": "Joined Verified join verify",
        "estimates": "estimate",
        "work": "Packed pack pack_archives refuse_inside refuse_out",
    },
)

__all__ = [
    "Joined",
    "Packed",
    "Verified",
    "estimate",
    "join",
    "pack",
    "pack_archives",
    "refuse_inside",
    "refuse_out",
    "verify",
]
