"""Films and sound opened by PyAV, which is an extra: importing this raises ImportError where it is not here."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import av

_TAGS = {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}
"""PyAV 19 takes tags of every encoding by itself, and no such option any more."""


def opened(path: str) -> AbstractContextManager[Any]:
    """PyAV's container, whatever the encoding of its tags. Raises ``av.error.FFmpegError``."""
    return av.open(path, **_TAGS)  # type: ignore[no-any-return]
