"""A manifest read back. It is a stranger's word: all of it is checked, and no path is built from it unchecked."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from delivery.errors import IntegrityError, LocalError
from delivery.escape import printable
from delivery.intake.source import unreadable
from delivery.model import PartKind
from delivery.packing.manifest import SCHEMA
from delivery.planning.names import CHECKSUMS, MANIFEST

_UNKNOWN_TYPE = "application/octet-stream"
_KINDS = frozenset(PartKind)
_LARGEST = 512 * 1024**2
_HEX = re.compile("[0-9a-f]{64}")
_HALF = re.compile("[\ud800-\udfff]")
"""What JSON can spell as an escape although it is no character: no file can hold it."""
_SIZES = 2**63
"""No system has a file as large."""
_UNSAFE = re.compile(r'[\x00-\x1f\\/:*?"<>|]')


class FileRecord(NamedTuple):
    path: str
    size: int
    sha256: str
    parts: tuple[str, ...]
    media_type: str = _UNKNOWN_TYPE
    renamed_from: str | None = None


@dataclass(frozen=True, slots=True)
class PartRecord:
    filename: str
    kind: str
    size: int
    sha256: str
    file: str | None
    """For a volume: the path of the file that it is a slice of."""
    order: int
    """Its place among them, from 1."""
    of: int
    offset: int = 0
    message: int = 1
    url: str | None = field(default=None, repr=False)
    """Its link, a secret; only in a manifest that lies in a store."""


class Manifest(NamedTuple):
    place: Path
    """The folder that it lies in."""
    path: Path
    name: str
    files: tuple[FileRecord, ...]
    parts: tuple[PartRecord, ...]


def read(place: Path) -> Manifest:
    """The manifest at ``place``, a folder or the file itself. Raises LocalError and IntegrityError."""
    path = place / MANIFEST if os.path.isdir(place) else place
    shown = printable(str(path))
    try:
        seen = path.stat()
        if not stat.S_ISREG(seen.st_mode):  # a pipe or a device might have no end
            raise _no_manifest(f"{shown} is not a file")
        if seen.st_size > _LARGEST:
            raise _broken(shown, "it is far too large")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise _no_manifest(f"{shown} does not exist") from error
    except UnicodeDecodeError as error:
        raise _broken(shown, "it is not UTF-8 text") from error
    except OSError as error:
        if isinstance(error, LocalError):
            raise
        raise unreadable(str(path), error) from error
    return parse(text, path, shown)


def parse(text: str, path: Path, shown: str) -> Manifest:
    """The manifest that ``text`` is, said to lie at ``path`` and called ``shown``. Raises IntegrityError."""
    try:
        document = json.loads(text, object_hook=_record)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise _broken(shown, f"it is not a {SCHEMA} document")
        files = tuple(document["files"])
        parts = tuple(document["parts"])
        if not all(isinstance(f, FileRecord) for f in files) or not all(isinstance(p, PartRecord) for p in parts):
            raise ValueError("a record of the wrong kind")
        _require(len({record.path for record in files}) == len(files), "a file that is listed twice")
        _require(len({part.filename for part in parts}) == len(parts), "a part that is listed twice")
        name = document.get("name", "")
        _require(_is_text(name), "a name that is no text")
        return Manifest(path.parent, path, name, files, parts)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _broken(shown, str(error)) from error


def attached_to_links(manifest: Manifest) -> dict[str, str]:
    """What was attached to a delivery by link, its filename -> SHA-256; empty for any other delivery.

    The checksums beside a manifest list what was attached: the proof alone where the parts went by link, else every
    part. Where they do not lie, as at a buyer who saved the manifest alone or fetched, nothing tells.
    """
    path = manifest.place / CHECKSUMS
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("  ") for line in lines)
    listed = {name: sha256 for sha256, _, name in pairs if _HEX.fullmatch(sha256) and is_plain_name(name)}
    return {} if any(part.filename in listed for part in manifest.parts) else listed


def is_plain_name(name: str) -> bool:
    """Whether it names one file in one folder on every system."""
    return bool(name) and not _UNSAFE.search(name) and name not in (".", "..") and name == name.rstrip(". ")


def is_safe_path(path: str) -> bool:
    """Whether it stays below the folder that it is joined to."""
    return all(is_plain_name(name) for name in path.split("/"))


def _record(record: dict[str, Any]) -> Any:
    """Records become slim tuples while the text is parsed, so that 100,000 of them fit."""
    if "filename" in record:
        return _part(record)
    if "path" in record:
        return _file(record)
    return record


def _file(record: Mapping[str, Any]) -> FileRecord:
    path, size, sha256 = record["path"], record["size"], record["sha256"]
    parts = tuple(record.get("parts", ()))
    _require(_is_text(path) and is_safe_path(path), "a path that has no place in a folder")
    _require_content(size, sha256)
    _require(all(map(_is_text, parts)), "a part that is not a name")
    media_type, original = record.get("media_type", _UNKNOWN_TYPE), record.get("renamed_from")
    _require(_is_text(media_type), "a media type that is no text")
    _require(original is None or _is_text(original), "a former name that is no text")
    return FileRecord(path, size, sha256, parts, sys.intern(media_type), original)


def _part(record: Mapping[str, Any]) -> PartRecord:
    filename, size, sha256 = record["filename"], record["size"], record["sha256"]
    file, url, message = record.get("file"), record.get("url"), record.get("message", 1)
    order, of, offset = record.get("order", 0), record.get("of", 0), record.get("offset", 0)
    _require(_is_text(filename) and is_plain_name(filename), "a part name that has no place in a folder")
    _require_content(size, sha256)
    _require(_is_text(file) or (file is None and record.get("kind") != "volume"), "a volume of no file")
    _require(url is None or _is_text(url), "a link that is no text")
    numbers = (order, of, offset, message)
    _require(all(type(number) is int and number >= 0 for number in numbers), "a volume without an order")
    _require(record.get("kind") in _KINDS, "a part of an unknown kind")
    return PartRecord(filename, str(record.get("kind", "")), size, sha256, file, order, of, offset, message, url)


def _require_content(size: object, sha256: object) -> None:
    _require(type(size) is int and 0 <= size < _SIZES, "a size that no file has")
    _require(isinstance(sha256, str) and _HEX.fullmatch(sha256) is not None, "a sha256 that is none")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and (value.isascii() or _HALF.search(value) is None)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(f"it has {otherwise}")


def _no_manifest(why: str) -> LocalError:
    hint = f"name the folder that holds {MANIFEST}, or the manifest itself"
    return LocalError(why, hint=hint, code="manifest-missing")


def _broken(shown: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"{shown} is not a sound manifest: {why}", hint="get it again from the seller", code="manifest-broken"
    )


def volume_sets(manifest: Manifest) -> dict[str, list[PartRecord]]:
    """File -> its volumes in order. Raises IntegrityError when the manifest contradicts itself."""
    sets: dict[str, list[PartRecord]] = {}
    for part in manifest.parts:
        if part.kind == "volume" and part.file is not None:
            sets.setdefault(part.file, []).append(part)
    sizes = {record.path: record.size for record in manifest.files}
    for path, parts in sets.items():
        parts.sort(key=lambda part: part.order)
        starts = [0, *accumulate(part.size for part in parts)]
        whole = all(
            (part.order, part.of, part.offset) == (order, len(parts), start)
            for order, (part, start) in enumerate(zip(parts, starts, strict=False), start=1)
        )
        if not whole or sizes.get(path) != sum(part.size for part in parts):
            raise IntegrityError(
                f"the manifest does not name all volumes of {printable(path)}",
                hint="get it again from the seller",
                code="manifest-broken",
            )
    return sets
