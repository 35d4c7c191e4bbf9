"""A plan carried out: packed or uploaded, proven, written down. One object for one delivery."""

from __future__ import annotations
