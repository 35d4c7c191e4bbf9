"""Names as stores, browsers and chats can carry them: object keys, dispositions and types that are safe to serve."""

from __future__ import annotations

import base64
import re
import secrets
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

from delivery.storage.base import ObjectHeaders

_LONGEST = 80
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_PLACE = re.compile(r"[a-z2-7]{32}/")
OURS = frozenset({"index.html", "delivery-manifest.json"})
_OCTETS = "application/octet-stream"
_RUNS_IN_BROWSERS = ("svg", "html", "xml", "javascript", "ecmascript", "x-shockwave", "wasm")
_SHOWN_AS_THEY_ARE = ("image/", "audio/", "video/", "font/")
_SAFE = frozenset(
    {
        "application/pdf",
        "application/zip",
        "application/json",
        "application/msword",
        "application/postscript",
        "application/x-7z-compressed",
        "text/csv",
        "text/markdown",
        "text/plain",
    }
)

_AS_BROWSERS_CALL_IT = {
    "audio/vnd.wave": "audio/wav",
    "audio/x-hx-aac-adts": "audio/aac",
    "audio/x-m4a": "audio/mp4",
    "video/x-m4v": "video/mp4",
}
"""Firefox plays by the type alone, and knows these under one name only."""


def new_token() -> str:
    """160 random bits as 32 lower-case letters and digits: nobody finds a key by guessing."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def own_place(key: str, store_prefix: str) -> str | None:
    """The place of one delivery that ``key`` lies in: ``store_prefix``, a token and ``/``. None where it is no such."""
    found = _PLACE.match(key.removeprefix(store_prefix)) if key.startswith(store_prefix) else None
    return f"{store_prefix}{found[0]}" if found else None


def key_name(name: str) -> str:
    """``name`` in ASCII that no store, chat or file system mangles; its extension stays. Never empty."""
    plain = unicodedata.normalize("NFKD", name.replace("\\", "/").rpartition("/")[2])
    ascii_only = "".join(char for char in plain if not unicodedata.combining(char)).encode("ascii", "replace").decode()
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_only)
    stem, dot, extension = words.rpartition(".")
    if not dot or len(extension) > 16:
        stem, dot, extension = words, "", ""
    stem = re.sub(r"-{2,}", "-", stem).strip("-._")[: _LONGEST - len(extension) - 1].rstrip("-._")
    extension = extension.strip("-._")
    safe = (stem or "file") + (f".{extension}" if extension else "")
    return f"file-{safe}" if _RESERVED.fullmatch(safe) else safe


def key_names(names: Iterable[str]) -> tuple[str, ...]:
    """One :func:`key_name` for each name, told apart by a number where two would be the same on any system.

    None is that of the delivery page or the manifest, which are put beside them.
    """
    taken = set(OURS)
    last: dict[str, int] = {}  # thousands may want the same, since letters outside ASCII leave nothing behind
    keys = []
    for name in names:
        wanted = key_name(name)
        stem, dot, extension = wanted.rpartition(".")
        number, free = last.get(wanted.lower(), 1), wanted
        while free.lower() in taken:
            number += 1
            free = f"{stem}-{number}.{extension}" if dot else f"{wanted}-{number}"
        last[wanted.lower()] = number
        taken.add(free.lower())
        keys.append(free)
    return tuple(keys)


def disposition(name: str, *, inline: bool = False) -> str:
    """The Content-Disposition (RFC 6266) that makes a browser save under ``name``, whatever its script."""
    kind = "inline" if inline else "attachment"
    leaf = "".join(char for char in name.replace("\\", "/").rpartition("/")[2] if unicodedata.category(char) != "Cc")
    leaf = leaf.encode("utf-8", "replace").decode() or "file"
    fallback = key_name(leaf)
    if fallback == leaf:
        return f'{kind}; filename="{leaf}"'
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(leaf, safe='!#$&+-.^_`|~')}"


def served_type(media_type: str) -> str:
    """``media_type``, by the name that browsers know, where none would ever run it; else the type of mere bytes."""
    kind = media_type.partition(";")[0].strip().lower()
    kind = _AS_BROWSERS_CALL_IT.get(kind, kind)
    if any(word in kind for word in _RUNS_IN_BROWSERS):
        return _OCTETS
    if kind.startswith(_SHOWN_AS_THEY_ARE) or kind in _SAFE or kind.startswith("application/vnd."):
        return kind if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", kind) else _OCTETS
    return _OCTETS


def headers_for(name: str, media_type: str, *, inline: bool = False) -> ObjectHeaders:
    """How an object is served: everything as an attachment of a safe type, but the page, which is shown."""
    if inline:
        return ObjectHeaders("text/html; charset=utf-8", disposition(name, inline=True), "private, no-store")
    return ObjectHeaders(served_type(media_type), disposition(name))
