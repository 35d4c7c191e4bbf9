"""Text: credentials, contact details, paths of the seller's computer, and the other files that it names."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

from delivery.intake import contacts, secrets
from delivery.intake.names import extension
from delivery.intake.observation import Seen
from delivery.intake.readers import rtf
from delivery.intake.readers.formats import UTF16_MARKS
from delivery.intake.readers.view import View

LOOKED_AT = 256 * 1024
_ALL = 32 * 1024**2
_SEARCHED = 8 * 1024**2
"""For credentials without being asked to look deep: 0.2 s of a processor."""
_BLOCK = 1024**2
_EDGE = 1024
"""More than a credential and what tells it apart take; two blocks share twice as much."""
_LARGEST_SCENE = 8 * 1024**2
_PROSE = frozenset({"txt", "rtf"})
_PAGES = frozenset({"md", "html", "htm", "svg"})
_SCENES = frozenset({"obj", "mtl", "gltf", "svg", "dae", "html", "htm"})
_COMMON = re.compile(
    r"(?i)^(?:read.?me|licen[cs]e|copying|authors|notice|change(?:s|log)|history|contributing|thanks|credits|news|security|"
    r"code.of.conduct|maintainers|governance|copyright|install|todo|porting|entry_points|top_level|third.?party)"
)
_LOCAL = re.compile(
    rb"(?:file:///)?(?:[A-Za-z]:[\\/](?:Users|Documents and Settings)[\\/]|(?<![\w./])/(?:Users|home)/)"
    rb"([\w. -]{2,40})[\\/][^\s\"'<>|]{1,120}"
)
_SHARED = frozenset(
    (b"user", b"username", b"you", b"me", b"name", b"public", b"default", b"runner", b"shared", b"example")
)
_LINK = re.compile(
    rb"<(?:img|image|script|source|video|audio|iframe|embed|link[^>]{0,200}?\srel=[\"']?stylesheet)\b[^>]{0,400}?\s(?:src|(?:xlink:)?href)"
    rb"\s{0,4}=\s{0,4}[\"']([^\"'<>{}$]{1,300})[\"']",
    re.IGNORECASE,
)
_MATERIAL = re.compile(rb"^[ \t]{0,40}mtllib[ \t]+([^\r\n]{1,300})", re.MULTILINE)
_TEXTURE = re.compile(
    rb"^[ \t]{0,40}(?:map_\w{1,20}|bump|disp|decal|refl|norm)[ \t]+(?:-\w{1,20}[ \t]+(?:[\d.]{1,20}[ \t]+){0,3}){0,9}"
    rb"([^\r\n]{1,300})",
    re.MULTILINE | re.IGNORECASE,
)
_LINKED = re.compile(rb"(?:src|href)\s?=\s?[\"']?$|url\([\"']?$", re.IGNORECASE)
_MAIL = re.compile(
    rb"(?:From |Return-Path:|Received:|MIME-Version:|Message-ID:|Delivered-To:|Date:|From:)", re.IGNORECASE
)
_MANIFEST = re.compile(rb'\s*\{\s*"schema"\s*:\s*"delivery\.manifest/')
_ROOT = re.compile(rb"<svg\b[^>]{0,20000}>")
_LOCAL_MARKS = (b"/Users/", b"\\Users\\", b"/home/", b"Documents and Settings")


def read_text(view: View, *, deep: bool = False) -> None:
    """Note what the first 256 KiB tell, and 8 MiB of credentials; with ``deep`` of everything the first 32 MiB."""
    ending = extension(view.name.rpartition("/")[2].lstrip("."))  # .npmrc and its like are settings, of no other type
    data = view.head if view.size <= len(view.head) else view.at(0, _ALL if deep else LOOKED_AT)
    _note_all_secrets(view, data, ending, most=_ALL if deep else _SEARCHED)
    if data.startswith(UTF16_MARKS):
        data = data.decode("utf-16", "replace").encode()
    if data.startswith(b"{\\rtf"):
        rtf.note_people(view, data)
    if ending in _PROSE or ending in _PAGES:
        common = bool(_COMMON.match(view.name.rpartition("/")[2]) or _MAIL.match(data))
        note_contacts(view, data, only_first_person=ending in _PAGES or common)
    if ending in _SCENES and any(mark in data for mark in _LOCAL_MARKS):
        for found in _LOCAL.finditer(data):
            linked = found[0][:5] == b"file:" or _LINKED.search(data, max(0, found.start() - 8), found.start())
            if (linked or ending not in ("html", "htm")) and found[1].lower() not in _SHARED:
                view.note(Seen.LOCAL_PATH, found[0].decode("utf-8", "replace"), f"line {_line(data, found.start())}")
    if ending == "svg" and b"</svg" not in view.tail and b":svg>" not in view.tail:
        root = _ROOT.search(data)
        if root and not root[0].endswith(b"/>"):
            view.damaged("its end is missing: the file is cut off")
    if ending == "json" and data.lstrip()[:1] in (b"{", b"[") and view.tail.rstrip()[-1:] not in (b"}", b"]", b"/"):
        view.note(Seen.DOUBTFUL, "its JSON does not end; it may be cut off")
    if ending == "json" and _MANIFEST.match(data):
        view.note(Seen.MANIFEST)
    for asset in _assets(view, data, ending):
        view.note(Seen.ASSET, asset)
    if data.startswith(b"{\\rtf"):  # pictures make it large, so it is searched for as long as the view allows
        for block, _ in _blocks(view, data, view.size):
            rtf.note_remarks(view, block)


def _note_all_secrets(view: View, first: bytes, ending: str, *, most: int) -> None:
    """Block by block, so that a large log costs no memory; at the edge of two, the one that sees more decides."""
    before, begin = 0, 0
    for block, more in _blocks(view, first, most):
        end = len(block) - _EDGE if more else len(block)
        for kind, start in secrets.find(block, ending):
            if begin <= start < end:
                view.note(Seen.SECRET, kind, f"line {before + _line(block, start)}")
        before, begin = before + block.count(b"\n", 0, end - _EDGE), _EDGE
    if view.size > most:
        view.note(Seen.UNSEEN, f"it is a long text: only its first {most >> 20} MiB were searched for credentials")


def _blocks(view: View, first: bytes, most: int) -> Iterator[tuple[bytes, bool]]:
    """The text from ``first`` on, each block with whether more follow; each begins with the end of the one before."""
    wide = codecs.getincrementaldecoder("utf-16")("replace") if first.startswith(UTF16_MARKS) else None
    at, end, block = 0, min(view.size, max(most, len(first))), b""
    while at < end:
        raw = view.at(at, min(_BLOCK, end - at)) if at else first
        at = at + len(raw) if raw else end
        block = block[-2 * _EDGE :] + (wide.decode(raw).encode() if wide else raw)
        yield block, at < end


def note_secrets(view: View, data: bytes, ending: str, place: str = "") -> None:
    for kind, start in secrets.find(data, ending):
        where = f"line {_line(data, start)}"
        view.note(Seen.SECRET, kind, f"{place}, {where}" if place else where)


def note_contacts(view: View, data: bytes, *, only_first_person: bool = False, place: str = "") -> None:
    for found in contacts.in_text(data, only_first_person=only_first_person):
        where = place or f"line {_line(data, found.start)}"
        view.note(Seen.CONTACT, f"{found.kind}: {found.text}", where)


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _assets(view: View, data: bytes, ending: str) -> Iterator[str]:
    """Relative paths of files that this one cannot do without."""
    if ending in ("html", "htm", "svg"):
        found: list[bytes] = _LINK.findall(data)
    elif ending == "obj":
        found = _MATERIAL.findall(data)
    elif ending == "mtl":
        found = _TEXTURE.findall(data)
    elif ending == "gltf":
        yield from _scene_assets(view)
        return
    else:
        return
    for raw in found:
        path = raw.decode("utf-8", "replace").strip()
        if _is_relative(path):
            yield _plain(path) if ending in ("html", "htm", "svg") else path.replace("\\", "/")


def _scene_assets(view: View) -> Iterator[str]:
    if view.size > _LARGEST_SCENE:
        view.note(Seen.UNSEEN, "the scene is too large to look for missing textures")
        return
    try:
        scene = json.loads(view.at(0, view.size))
    except (ValueError, RecursionError):
        view.damaged("its JSON is broken: the file is cut off or damaged")
        return
    for kind in ("buffers", "images"):
        items = scene.get(kind) if isinstance(scene, dict) else None
        for item in items if isinstance(items, list) else ():
            path = item.get("uri") if isinstance(item, dict) else None
            if isinstance(path, str) and _is_relative(path):
                yield _plain(path)


def _is_relative(path: str) -> bool:
    if not path or path[0] in "/#?\\<%" or path.startswith(("{", "$")) or re.match(r"[a-zA-Z][\w+.-]*:", path):
        return False
    return "." in path.rpartition("/")[2] or "\\" in path


def _plain(path: str) -> str:
    return unquote(re.split(r"[?#]", path, maxsplit=1)[0])
