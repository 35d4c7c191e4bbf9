"""The delivery page: one link for the chat instead of one for each file.

A static document that carries everything it needs. Downloading works without scripts. It shows no name, address or
account.
"""

from __future__ import annotations

import base64
import html
import itertools
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from unicodedata import category
from urllib.parse import urlsplit

from delivery.errors import UsageError
from delivery.escape import printable
from delivery.hosting.page import markup
from delivery.hosting.page.markup import STRIP, PageFile
from delivery.model import FileEntry, Link
from delivery.progress import CancelToken
from delivery.web.document import all_words, document
from delivery.web.thumbnails import is_picture, thumbnail
from delivery.web.words import known, words

FILENAME = "index.html"
__all__ = ["FILENAME", "MEDIA_TYPE", "PageFile", "note_of", "page_files", "render", "thumbnails", "thumbnails_of"]

MEDIA_TYPE = "text/html; charset=utf-8"

PICTURE_BYTES = 500_000
"""All thumbnails of a page together, as JPEG."""
PICTURES_TRIED = 48

_UNKNOWN = "application/octet-stream"
_TYPES = {"zip": "application/zip", "json": "application/json"}
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?")
_UNSAFE = frozenset('<>:"/\\|?*')
_UNSAFE_ENDS = re.compile(r"^(?:\.?[\s~]|\.\.)|[\s~]$")


def thumbnails(
    links: Sequence[Link], files: Sequence[FileEntry], *, cancel: CancelToken | None = None
) -> dict[str, tuple[str, ...]]:
    """Link name -> ``data:`` addresses of the first pictures that it carries; together at most ``PICTURE_BYTES``."""
    entries = {entry.arcname: entry for entry in files if is_picture(entry.media_type)}
    cancel = cancel or CancelToken()
    made: dict[str, tuple[str, ...]] = {}
    taken = tried = 0
    for link in links:
        pictures = (entries[name] for name in link.members if name in entries)
        shown = []
        for entry in itertools.islice(pictures, STRIP):
            cancel.check()
            if tried >= PICTURES_TRIED or taken >= PICTURE_BYTES:
                break
            tried += 1
            most = min(16_000, PICTURE_BYTES - taken)
            picture = thumbnail(entry.path, box=240, most_bytes=most, media_type=entry.media_type)
            if picture is not None:
                taken += len(picture.jpeg)
                shown.append("data:image/jpeg;base64," + base64.b64encode(picture.jpeg).decode())
        made[printable(link.name)] = tuple(shown)
    return made


def page_files(
    links: Sequence[Link],
    files: Sequence[FileEntry],
    *,
    kept: Mapping[str, tuple[str, ...]] | None = None,
    cancel: CancelToken | None = None,
) -> tuple[PageFile, ...]:
    """What :func:`render` wants to know of each of ``links``, from the delivered ``files``.

    ``kept`` are the thumbnails of an earlier page (:func:`thumbnails_of`), for when the files themselves are gone.
    """
    entries = {entry.arcname: entry for entry in files}
    pictures = thumbnails(links, files, cancel=cancel) if kept is None else kept
    made = []
    for link in links:
        members = [entries[name] for name in link.members if name in entries]
        alone = len(link.members) == 1 and bool(members) and members[0].size == link.size
        media_type = members[0].media_type if alone else _TYPES.get(link.name.rpartition(".")[2].lower(), _UNKNOWN)
        made.append(PageFile(link, media_type, pictures.get(printable(link.name), ())))
    return tuple(made)


def thumbnails_of(page: bytes) -> dict[str, tuple[str, ...]]:
    """Link name -> the ``data:`` addresses that an earlier page showed for it, so that it can be rendered anew."""
    found: dict[str, tuple[str, ...]] = {}
    for row in page.decode("utf-8", "replace").split('<li class="card file"')[1:]:
        name = re.search(r' data-name="([^"]*)"', row)
        if name is not None:
            found[html.unescape(name[1])] = tuple(re.findall(r'src="(data:image/jpeg;base64,[A-Za-z0-9+/=]+)"', row))
    return found


def note_of(page: bytes) -> str | None:
    """The seller's note that an earlier page showed, which nothing else keeps."""
    text = page.decode("utf-8", "replace")
    shown = re.search(r'<section class="card seller-note">.*?<p dir="auto">([^<]*)</p>', text)
    return html.unescape(shown[1]) if shown else None


def render(
    name: str,
    files: Sequence[PageFile],
    *,
    expires_at: datetime | None,
    order: str | None = None,
    note: str | None = None,
    language: str = "en",
    manifest: str | None = None,
) -> bytes:
    """The page for the delivery ``name``; in the browser's language, or ``language`` where there are no words in that.

    ``expires_at`` is when the first link ends; None where that is not known, and then the page promises nothing.
    ``manifest`` is the manifest's link, which nobody sees: `delivery fetch` reads it from the page's data.
    Raises :class:`~delivery.errors.UsageError` for a link that is not http or https.
    """
    language = known(language)
    said = words(language, "page")
    origins = sorted({_origin(file.link.url) for file in files})
    places = " ".join(["'self'", *(origin for origin in origins if origin)])
    data = {
        "language": language,
        "words": all_words("page"),
        "expires": None if expires_at is None else int(expires_at.timestamp()),
        "files": [
            {
                "name": printable(file.link.name),
                "save": _save_name(file.link.name),
                "size": file.link.size,
                "sha256": file.link.sha256,
            }
            for file in files
        ],
        "manifest": manifest,
    }
    return document(
        title=f"{printable(name)} - {said['delivery']}",
        language=language,
        body=markup.body(printable(name), files, said, expires_at, order, note),
        styles=("base.css", "drop.css", "page.css"),
        scripts=("wasm/sha256.wasm", "sha256.js", "hashing.js", "words.js", "drop.js", "page.js"),
        data=data,
        sources={
            "img-src": f"data: {places}",
            "media-src": places,
            "connect-src": places,
            "frame-src": places,
        },
    )


def _origin(url: str) -> str:
    """Where ``url`` points, for the content security policy; empty where that cannot be said in one."""
    split = urlsplit(url)
    if split.scheme not in {"http", "https"}:
        raise UsageError("a link on the delivery page is neither http nor https", hint="check the store's endpoint")
    return f"{split.scheme}://{split.netloc}" if _HOST.fullmatch(split.netloc) else ""


def _save_name(name: str) -> str:
    """The last part of ``name`` in characters that every file system takes, and Chrome into a folder that is picked."""
    base = name.replace("\\", "/").rpartition("/")[2]
    safe = "".join("_" if char in _UNSAFE or category(char) in {"Cc", "Cf", "Cs"} else char for char in base)
    return _UNSAFE_ENDS.sub("_", safe.rstrip(". ")) or "file"
