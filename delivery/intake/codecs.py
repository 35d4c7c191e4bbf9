"""What ``zipfile``, the decompressors, Pillow and pypdf raise for damaged data: none has one error for all of it."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from contextlib import suppress
from importlib import import_module

DECODE_ERRORS: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, ValueError, LookupError, TypeError,
    AttributeError, ArithmeticError, AssertionError, RuntimeError, SyntaxError, MemoryError,
)  # fmt: skip
"""NotImplementedError is among them, as a RuntimeError: a way of packing or locking that is not known here."""

with suppress(ImportError, AttributeError):  # from Python 3.14 on, where it was built with it
    DECODE_ERRORS += (import_module("compression.zstd").ZstdError,)


def pdf_errors() -> tuple[type[Exception], ...]:
    """Those and pypdf's own, which is loaded only where there is a PDF."""
    from pypdf.errors import PyPdfError

    return (PyPdfError, *DECODE_ERRORS)
