from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.storage import local


@pytest.fixture(autouse=True)
def _no_store_left_behind(home: Path) -> Iterator[None]:
    yield
    local.stop()
