"""A file of known size that several threads write to, each at its own place."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from delivery.packing.direct import reserve
from delivery.packing.trouble import writing

_pwrite = getattr(os, "pwrite", None)


class Target:
    """The room on the disk is asked for at once, so that a full disk shows before the work."""

    def __init__(self, path: Path, size: int, *, again: bool) -> None:
        """``again``: keep what is in the file."""
        self._path = path
        self._lock = threading.Lock()
        with writing(path):
            self._stream = path.open("r+b" if again else "w+b", buffering=0)
            try:
                reserve(self._stream.fileno(), size)
                self._stream.truncate(size)
            except BaseException:
                self._stream.close()
                if not again:
                    path.unlink(missing_ok=True)  # or the disk would stay full of nothing
                raise

    def write(self, data: memoryview, offset: int) -> None:
        with writing(self._path):
            while data:
                if _pwrite is not None:
                    with self._lock:
                        count = _pwrite(self._stream.fileno(), data, offset)
                else:
                    with self._lock:
                        self._stream.seek(offset)
                        count = self._stream.write(data)
                data, offset = data[count:], offset + count

    def close(self) -> None:
        with writing(self._path):
            self._stream.close()
