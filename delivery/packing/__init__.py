"""The plan made real in a folder, and the proof that it is what it should be."""

from delivery.packing.check import Joined, Verified, join, verify
from delivery.packing.estimate import estimate
from delivery.packing.pack import Packed, pack, pack_archives

__all__ = ["Joined", "Packed", "Verified", "estimate", "join", "pack", "pack_archives", "verify"]
