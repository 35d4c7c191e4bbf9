"""``delivery-manifest.json`` (``delivery.manifest/1``) and ``SHA256SUMS``, line by line; see docs/manifest.md."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from delivery.model import Attachment, FileEntry, PartKind
from delivery.packing.trouble import writing
from delivery.packing.workspace import flush_to_disk

SCHEMA = "delivery.manifest/1"


def document(name: str, files: Sequence[FileEntry], parts: Sequence[Attachment]) -> dict[str, Any]:
    """The whole manifest as one mapping, for small ones such as a joiner page's."""
    return {
        "schema": SCHEMA,
        "name": name,
        "files": list(file_records(files, parts)),
        "parts": list(part_records(parts)),
    }


def write(path: Path, name: str, files: Sequence[FileEntry], parts: Sequence[Attachment]) -> None:
    """Write and flush the manifest, one file or part on each line, without holding it in memory."""
    with writing(path), path.open("w+b") as out:
        out.writelines(pieces(name, files, parts, {}))
        flush_to_disk(out)


def pieces(
    name: str, files: Sequence[FileEntry], parts: Sequence[Attachment], urls: Mapping[str, str]
) -> Iterator[bytes]:
    """The manifest bit by bit. With ``urls`` (by filename) each part has its link, as in the store, never on a disk."""
    yield _json({"schema": SCHEMA, "name": name})[:-1].encode()
    for key, records in (("files", file_records(files, parts)), ("parts", part_records(parts, urls))):
        yield f',\n"{key}": ['.encode()
        comma = "\n"
        for record in records:
            yield f"{comma}{_json(record)}".encode()
            comma = ",\n"
        yield b"\n]"
    yield b"}\n"


def write_checksums(path: Path, parts: Iterable[Attachment]) -> None:
    """A list that ``sha256sum -c`` takes, names with line breaks and backslashes too."""
    with writing(path), path.open("wb") as out:
        for part in parts:
            out.write(checksum_line(part.filename, part.sha256).encode())
        flush_to_disk(out)


def checksum_line(filename: str, sha256: str) -> str:
    escaped = filename.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{chr(92) if escaped != filename else ''}{sha256}  {escaped}\n"


def file_records(files: Iterable[FileEntry], parts: Sequence[Attachment]) -> Iterator[Mapping[str, Any]]:
    carried: dict[str, tuple[str, ...]] = {}
    for part in sorted(parts, key=lambda part: part.offset):
        if part.kind in (PartKind.AS_IS, PartKind.ARCHIVE, PartKind.VOLUME):
            alone = (part.filename,)  # one tuple for all members, since an archive may have 65,000
            for arcname in part.members:
                carried[arcname] = carried[arcname] + alone if arcname in carried else alone
    for entry in files:
        record: dict[str, Any] = {
            "path": entry.arcname,
            "size": entry.size,
            "sha256": entry.sha256,
            "media_type": entry.media_type,
            "parts": carried.get(entry.arcname, ()),
        }
        if entry.original is not None:
            record["renamed_from"] = entry.original
        yield record


def part_records(parts: Sequence[Attachment], urls: Mapping[str, str] | None = None) -> Iterator[Mapping[str, Any]]:
    offsets: dict[str, list[int]] = {}
    for part in parts:
        if part.kind is PartKind.VOLUME:
            offsets.setdefault(part.members[0], []).append(part.offset)
    for starts in offsets.values():
        starts.sort()
    for part in parts:
        record: dict[str, Any] = {
            "filename": part.filename,
            "kind": str(part.kind),
            "size": part.size,
            "sha256": part.sha256,
            "message": part.message,
        }
        if part.kind is PartKind.VOLUME:
            starts = offsets[part.members[0]]
            order = bisect_left(starts, part.offset) + 1
            record |= {"file": part.members[0], "order": order, "of": len(starts), "offset": part.offset}
        if urls and part.filename in urls:
            record["url"] = urls[part.filename]
        yield record


_json = json.JSONEncoder(ensure_ascii=False).encode
