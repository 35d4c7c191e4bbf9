from __future__ import annotations

from support.stores import embedded_home, moto_address, one_home

__all__ = ["embedded_home", "moto_address", "one_home"]
