from __future__ import annotations

from support.stores import ceph_address, embedded_home, moto_address, one_home, parts_store, real_store, store
from support.terminal import run

__all__ = ["ceph_address", "embedded_home", "moto_address", "one_home", "parts_store", "real_store", "run", "store"]
