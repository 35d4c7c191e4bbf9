"""A plan packed into a folder with nothing else to do before that is certain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from delivery import packing
from delivery.model import Plan
from delivery.packing import Packed
from delivery.packing.workspace import Workspace


def pack(plan: Plan, out: Path, **options: Any) -> Packed:
    with Workspace(out) as workspace:
        return packing.pack(plan, workspace, **options)
