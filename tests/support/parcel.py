"""A file cut into volumes beside its joiner page, for tests in browsers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from delivery.packing import joiner

NAME = "Show reel – final.mp4"
SIZES = (200_000, 200_000, 200_000, 70_001)


@dataclass
class Parcel:
    """A file cut into volumes, with its page, in a folder."""

    folder: Path
    content: bytes
    sizes: Sequence[int] = SIZES
    name: str = NAME
    whole_sha256: str = ""
    parts: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        records, offset = [], 0
        for order, size in enumerate(self.sizes, start=1):
            piece = self.content[offset : offset + size]
            path = self.folder / f"{self.name}.{order:03}"
            path.write_bytes(piece)
            self.parts.append(path)
            records.append({
                "filename": path.name, "kind": "volume", "size": size, "sha256": hashlib.sha256(piece).hexdigest(),
                "message": 1, "file": f"video/{self.name}", "order": order, "offset": offset,
            })  # fmt: skip
            offset += size
        whole = self.whole_sha256 or hashlib.sha256(self.content).hexdigest()
        file = {"path": f"video/{self.name}", "size": len(self.content), "sha256": whole}
        document = {"schema": "delivery.manifest/1", "name": "reel", "files": [file], "parts": records}
        (self.folder / "JOIN.html").write_bytes(joiner.page(document))

    @property
    def address(self) -> str:
        return (self.folder / "JOIN.html").as_uri()

    def copy(self, part: int, name: str, content: bytes | None = None) -> Path:
        """The part under another name, or with other content."""
        path = self.folder / "copies" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.parts[part].read_bytes() if content is None else content)
        return path
