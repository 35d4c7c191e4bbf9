from __future__ import annotations

import secrets

import pytest
from support.stores import KEYS, make_bucket

from delivery import Settings, StoreOptions, UploadOptions

MIB = 1024**2


@pytest.fixture
def parts(moto_address: str) -> Settings:
    """Settings whose store takes parts, with a fresh bucket called ``work``."""
    bucket = f"b-{secrets.token_hex(6)}"
    make_bucket(moto_address, bucket)
    store = StoreOptions(bucket=bucket, endpoint=moto_address, region="us-east-1", **KEYS)
    return Settings(upload=UploadOptions(part_size=5 * MIB, attempts=3)).with_store("work", store)
