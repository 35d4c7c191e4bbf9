from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.stores import embedded_home, moto_address, one_home

__all__ = ["embedded_home", "moto_address", "one_home"]
