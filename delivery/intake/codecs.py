"""What ``zipfile`` and the decompressors raise for damaged data: each method of packing has an error of its own."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from contextlib import suppress
from importlib import import_module

UNPACK_ERRORS: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError,
)  # fmt: skip
"""NotImplementedError is among them, as a RuntimeError: a method that cannot be unpacked here."""

with suppress(ImportError, AttributeError):  # from Python 3.14 on, where it was built with it
    UNPACK_ERRORS += (import_module("compression.zstd").ZstdError,)
