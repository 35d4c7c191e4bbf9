"""The plan made real in a folder, and the proof that it is what it should be."""

from __future__ import annotations

from delivery.lazy import lazily

TYPE_CHECKING = False  # as type checkers read it; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from delivery.packing.check import Verified, verify
    from delivery.packing.estimates import estimate
    from delivery.packing.joining import Joined, PlannedJoin, join
    from delivery.packing.work import Packed, pack, pack_archives, refuse_out

__getattr__ = lazily(
    __name__,
    {
        "check": "Verified verify",
        "estimates": "estimate",
        "joining": "Joined PlannedJoin join",
        "work": "Packed pack pack_archives refuse_out",
    },
)

__all__ = [
    "Joined",
    "Packed",
    "PlannedJoin",
    "Verified",
    "estimate",
    "join",
    "pack",
    "pack_archives",
    "refuse_out",
    "verify",
]
