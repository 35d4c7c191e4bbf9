"""Media types by content. The sole importer of ``magic``.

libmagic comes with the installation: in ``pylibmagic`` on Linux and macOS, in ``python-magic-standalone`` on Windows.
The bundled library is loaded by its full path, so that no stray one from the search path is taken, and its database is
handed over from memory, because libmagic cannot open a path with letters outside the system's code page on Windows.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import threading
import types
from pathlib import Path
from typing import Any

from delivery.errors import MissingDependencyError
from delivery.intake.plaintext import closer_text_type, plain_text_type
from delivery.intake.readers import formats
from delivery.intake.source import OPEN_FLAGS, unreadable

HEAD = 8192
"""Bytes that are looked at. libmagic needs some thousand for Office files and archives; more costs time on text."""

EMPTY, UNKNOWN = "inode/x-empty", "application/octet-stream"

_SURE = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
"""What a delivery often has thousands of, and libmagic calls so whatever comes after."""

_BUNDLED = {"win32": ("magic", "libmagic-1.dll"), "darwin": ("pylibmagic", "libmagic.dylib")}
_MIME_TYPE = 0x10
_PARAMETER_NAME_MAX = 1
_per_thread = threading.local()
_loading = threading.Lock()


def media_type(path: str, size: int) -> str:
    """The media type of the file at ``path`` by its content. Raises LocalError when it cannot be read."""
    if size == 0:
        return EMPTY
    head = read_head(path)
    return plain_type(path, head) or closer_type(path, head)


def read_head(path: str) -> bytes:
    """As much of a file as its type is told by. Raises LocalError when it cannot be read."""
    try:
        descriptor = os.open(path, OPEN_FLAGS)
        try:
            return os.read(descriptor, HEAD)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unreadable(path, error) from error


def plain_type(name: str, head: bytes) -> str | None:
    """What needs no library: plain text, and formats with a signature that leaves no doubt; else None."""
    return plain_text_type(name, head) or next((kind for start, kind in _SURE if head.startswith(start)), None)


def closer_type(name: str, head: bytes) -> str:
    """What libmagic says, and what it calls mere text looked at again."""
    kind = media_type_of(head)
    return closer_text_type(name, head) if kind == "text/plain" else kind


def media_type_of(head: bytes) -> str:
    """The media type of a file that begins with ``head``."""
    if head.startswith(b"PK\x03\x04"):
        return _zip_family(head)
    guess: str = _detector().from_buffer(head)
    if guess == UNKNOWN:
        return formats.media_type(head) or guess
    return _SYNONYMS.get(guess, guess)


_SYNONYMS = {
    "application/x-gzip": "application/gzip",
    "audio/x-wav": "audio/vnd.wave",
    "audio/wav": "audio/vnd.wave",
    "image/x-icon": "image/vnd.microsoft.icon",
    "text/xml": "application/xml",
    "application/csv": "text/csv",
}

_ZIP_MEMBERS = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"AndroidManifest.xml", "application/vnd.android.package-archive"),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
)


def _zip_family(head: bytes) -> str:
    """libmagic's releases disagree on zips read from a buffer, so the names in the first headers decide."""
    if head[30:38] == b"mimetype" and head[38:].startswith(b"application/"):
        end = 38
        while end < len(head) and (head[end : end + 1].isalnum() or head[end] in b"/.+-"):
            end += 1
        declared = head[38:end].split(b"PK")[0]
        return declared.decode("ascii")
    names = []
    at = 0
    while (at := head.find(b"PK\x03\x04", at)) >= 0:
        length = int.from_bytes(head[at + 26 : at + 28], "little")
        names.append(head[at + 30 : at + 30 + length])
        at += 30
    return next((kind for prefix, kind in _ZIP_MEMBERS if any(n.startswith(prefix) for n in names)), "application/zip")


def _detector() -> Any:
    """libmagic's cookies are not safe to share between threads: one for each."""
    if not hasattr(_per_thread, "magic"):
        with _loading:
            _per_thread.magic = _load()
    return _per_thread.magic


def _load() -> Any:
    package, library_name = _BUNDLED.get(sys.platform, ("pylibmagic", "libmagic.so.1"))
    try:
        spec = importlib.util.find_spec(package)
        library = Path(spec.origin).with_name(library_name) if spec and spec.origin else None
        if library is not None and library.is_file():
            loader: Any = types.ModuleType("magic.loader")
            loader.load_lib = lambda: ctypes.CDLL(str(library))
            sys.modules.setdefault("magic.loader", loader)
        elif sys.platform == "win32":
            raise ImportError("no bundled libmagic")
        import magic

        if library is None or magic.libmagic._name != str(library):
            return magic.Magic(mime=True)
        return _from_memory(magic, library.with_name("magic.mgc"))
    except (ImportError, OSError, AttributeError) as error:
        raise MissingDependencyError(
            f"libmagic, which tells file types, cannot be loaded: {error}", hint=_fix(), code="libmagic-missing"
        ) from error


def _from_memory(magic: Any, database: Path) -> Any:
    detector = magic.Magic.__new__(magic.Magic)
    detector.flags, detector.lock, detector.cookie = _MIME_TYPE, threading.Lock(), magic.magic_open(_MIME_TYPE)
    detector._database = _database(database)
    pointer, size = ctypes.c_char_p(detector._database), ctypes.c_size_t(len(detector._database))
    load = magic.libmagic.magic_load_buffers
    load.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    if load(detector.cookie, ctypes.byref(pointer), ctypes.byref(size), 1) != 0:
        raise ImportError(f"its database {database.name} does not fit the library")
    detector.setparam(_PARAMETER_NAME_MAX, 128)
    return detector


_databases: dict[Path, bytes] = {}


def _database(path: Path) -> bytes:
    """Read once for all threads. It must outlive every detector that was loaded from it."""
    if path not in _databases:
        _databases[path] = path.read_bytes()
    return _databases[path]


def _fix() -> str:
    if sys.platform == "win32":
        if os.environ.get("PROCESSOR_ARCHITECTURE", "").upper() == "ARM64":
            return "there is none for Python on ARM Windows yet: install the x64 Python, then delivery with it"
        return "pip install --force-reinstall python-magic-standalone"
    return "pip install --force-reinstall pylibmagic python-magic (or install your system's libmagic)"
