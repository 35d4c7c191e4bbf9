"""The plan made real in a folder, and the proof that it is what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.lazy import lazily
from delivery.packing.estimate import estimate
from delivery.packing.pack import Packed, pack, pack_archives

if TYPE_CHECKING:
    from delivery.packing.check import Joined, Verified, join, verify

__getattr__ = lazily(__name__, {"check": "Joined Verified join verify"})

__all__ = ["Joined", "Packed", "Verified", "estimate", "join", "pack", "pack_archives", "verify"]
