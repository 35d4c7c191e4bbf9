"""What a link leads to: the delivery page, the manifest, or one file."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from delivery.errors import IntegrityError, StoreRefusedError
from delivery.fetching.client import LINK, RENEWED, Client, content_of
from delivery.intake.names import mend_name
from delivery.packing import manifest_reader
from delivery.packing.manifest import SCHEMA
from delivery.packing.manifest_reader import Manifest
from delivery.planning.names import MANIFEST
from delivery.storage.retry import persist
from delivery.storage.stream import Stream
from delivery.storage.watch import Watch
from delivery.web.data import data_of

_HEAD = 64 * 1024
_LARGEST = 128 * 1024**2
"""Pages and manifests are read into memory."""
_MANIFEST = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"schema"\s*:\s*"' + re.escape(SCHEMA).encode() + rb'"')
_NAME = re.compile(r"filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)", re.IGNORECASE)
_PLAIN_NAME = re.compile(r'filename\s*=\s*(?:"([^"]+)"|([^";\s]+))', re.IGNORECASE)
_PAGE = re.compile(rb"\s*<!doctype html", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Single:
    """A file by itself, of which nobody says what it should be."""

    name: str
    size: int
    etag: str
    modified: str
    url: str = field(repr=False)


def find(client: Client, url: str, watch: Watch) -> Manifest | Single:
    """Follow ``url`` to a manifest that lists links, or to a single file.

    Raises StoreRefusedError for a link that does not open, IntegrityError for a manifest that is not sound.
    """
    seen = persist(lambda: _look(client, url, LINK), watch)
    if isinstance(seen, bytes) and not _MANIFEST.match(seen):
        data = data_of(seen)
        listed = data.get("manifest") if isinstance(data, dict) else None
        if not isinstance(listed, str):
            return persist(lambda: _single(client, url), watch)
        seen = persist(lambda: _look(client, listed, "the manifest"), watch)
    if isinstance(seen, Single):
        return seen
    manifest = manifest_reader.parse(_text(seen), Path(MANIFEST), "the manifest")
    if any(part.url is None for part in manifest.parts):
        raise IntegrityError(
            "this manifest holds no links: it is a copy of the one in the store",
            hint="give the link of the delivery page, or the manifest's link from `delivery send --json`",
            code="manifest-without-links",
        )
    return manifest


def _look(client: Client, url: str, what: str) -> bytes | Single:
    """The whole text of what may be a page or a manifest; anything else is closed again after its head."""
    with client.open(url, what) as answer:
        text, body = bytearray(), _Body(answer)
        body.read(text, _HEAD)
        if not (_MANIFEST.match(text) or _PAGE.match(text)):
            return _described(answer, url)
        body.read(text, _LARGEST + 1)
        if len(text) > _LARGEST:
            return _described(answer, url)
        return bytes(text)


def _single(client: Client, url: str) -> Single:
    with client.open(url, LINK) as answer:
        return _described(answer, url)


def _described(answer: Stream, url: str) -> Single:
    content = content_of(answer)
    if content.total is None:
        raise StoreRefusedError(
            "what the link leads to does not tell its size",
            hint="look whether it is the link that was sent to you; if it is, save the file with a browser",
            code="size-unknown",
        )
    stated = answer.headers.get("content-disposition", "")
    found = _NAME.search(stated) or _PLAIN_NAME.search(stated)
    name = unquote(found[found.lastindex or 0] if found else urlsplit(url).path)
    leaf = name.replace("\\", "/").rpartition("/")[2] or "download"
    return Single(mend_name(leaf), content.total, *content.version, url)


class _Body:
    """What an answer holds, unpacked where the server has packed it although nobody asked."""

    def __init__(self, answer: Stream) -> None:
        self._answer = answer
        self._buffer = memoryview(bytearray(_HEAD))
        packed = answer.headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip")
        self._unpack = zlib.decompressobj(31) if packed else None

    def read(self, text: bytearray, most: int) -> None:
        """Lengthen ``text`` to ``most`` bytes, as far as there are so many; what cannot be unpacked is no text."""
        while len(text) < most:
            data = self._unpack.unconsumed_tail if self._unpack else b""
            if not data:
                count = self._answer.readinto(self._buffer[: most - len(text)])
                if not count:
                    return
                data = bytes(self._buffer[:count])
            try:
                text += self._unpack.decompress(data, most - len(text)) if self._unpack else data
            except zlib.error:
                return


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise IntegrityError("the manifest is not UTF-8 text", hint=RENEWED, code="manifest-broken") from error
