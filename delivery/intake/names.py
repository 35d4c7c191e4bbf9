"""Names that survive every system: Windows, macOS, phones, Linux, and the zips between them. Pure.

A path is mended where some system would refuse it, change it or let it fall together with another: reserved names,
forbidden characters, trailing dots and spaces, decomposed letters, names that differ by case alone, paths that are
too long. What is already safe is never touched.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from delivery.units import utf16

PATH_CHARS = 180
"""The longest path, as :func:`utf16` counts: Windows stops at 260, and the buyer's own folder comes in front."""
NAME_BYTES = 240
"""The longest single name in UTF-8: Linux stops at 255, and a volume adds its number."""

_RESERVED = r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])"
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\\\ud800-\udfff]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ESCAPED = re.compile(r"\\udc([89a-f][0-9a-f])")
_UNREADABLE = re.compile(rf"[\ud800-\udfff]|{_ESCAPED.pattern}")
"""A byte that is no UTF-8, as Python reads it or as :func:`~delivery.escape.decodable` writes it."""
_UNSAFE_END = re.compile(r"[. ]+$")
_RESERVED_NAME = re.compile(rf"({_RESERVED})( *(?:\..*)?)", re.IGNORECASE | re.DOTALL)
_SUSPECT = re.compile(
    rf'[\x00-\x1f\x7f<>:"|?*\\]|[. ](?:/|$)|^/|//|/$|^$|(?:^|/){_RESERVED} *(?:\.|/|$)', re.IGNORECASE
)


def mend(paths: Sequence[str]) -> tuple[str, ...]:
    """The safe path for each of ``paths`` (POSIX, relative), in the same order, all different on every system.

    A path that needs no mending keeps its name even when a mended one would like it.
    """
    safe = [_mend_path(path) for path in paths]
    folders = {key for path in safe for key in map(fold, _folders(path))}
    taken: dict[str, int] = {}
    others: dict[str, Iterator[str]] = {}  # each goes on where it stood: thousands may fall together
    for place, (path, mended) in enumerate(zip(paths, safe, strict=True)):
        if path == mended and (key := fold(mended)) not in folders:
            taken.setdefault(key, place)
    for place, mended in enumerate(safe):
        key = fold(mended)
        if key in folders or taken.setdefault(key, place) != place:
            free = others.setdefault(mended, numbered(mended))
            safe[place] = next(name for name in free if fold(name) not in folders and fold(name) not in taken)
            taken[fold(safe[place])] = place
    return tuple(safe)


def mend_name(name: str) -> str:
    """One safe file or folder name for ``name``; never empty, never with a separator in it."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).replace("/", "_")
    name = _UNSAFE_END.sub("", name) or "_"
    if reserved := _RESERVED_NAME.fullmatch(name):
        name = f"{reserved[1]}_{reserved[2].strip(' ')}"
    if len(name.encode()) > NAME_BYTES:
        name = shorten(name, NAME_BYTES)
    return name


def flaw(name: str) -> str:
    """Why :func:`mend_name` does not leave ``name`` as it is, to follow it in a sentence; empty where it does."""
    name = unicodedata.normalize("NFC", name)
    if not name:
        return "is empty"
    if _RESERVED_NAME.fullmatch(name):
        return "is a reserved name on Windows"
    if _UNREADABLE.search(name):
        read = "; in UTF-8 it is, so set PYTHONUTF8=1" if _is_utf8(name) else ""
        return f"is not readable text{read}"
    if _CONTROL.search(name):
        return "has a control character in it"
    if _FORBIDDEN.search(name):
        return "has a character that Windows does not allow in names"
    if _UNSAFE_END.search(name):
        return "ends in a dot or space, which Windows drops"
    if len(name.encode()) > NAME_BYTES:
        return f"has {len(name.encode())} bytes; above {NAME_BYTES} it may not fit a Linux or Android disk"
    return ""


def _is_utf8(name: str) -> bool:
    """Whether the bytes of an undecodable ``name`` are UTF-8 after all: another locale would have read them."""
    kept = _ESCAPED.sub(lambda escape: chr(0xDC00 + int(escape[1], 16)), name)
    try:
        kept.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:
        return False
    return True


def is_safe(path: str) -> bool:
    """Whether ``path``, with no other beside it, is not in need of mending."""
    return _mend_path(path) == unicodedata.normalize("NFC", path)


def fold(name: str) -> str:
    """Equal for names that some system takes for the same one."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def numbered(path: str) -> Iterator[str]:
    """``a/b.jpg`` as ``a/b (2).jpg``, ``a/b (3).jpg`` and so on, within the longest path."""
    folder, slash, name = path.rpartition("/")
    stem, extension = split_extension(name)
    number = 2
    while True:
        mark = f" ({number})"
        room = PATH_CHARS - utf16(f"{folder}{slash}{mark}{extension}")
        yield f"{folder}{slash}{_beginning(stem, room)}{mark}{extension}"
        number += 1


def unique(name: str, taken: Iterable[str]) -> str:
    """``name``, or the first numbered form of it that no folded name in ``taken`` stands for."""
    if fold(name) not in taken:
        return name
    return next(other for other in numbered(name) if fold(other) not in taken)


def extension(name: str) -> str:
    """``jpg`` for ``a/Photo.JPG``, ``exe`` for ``.exe``, as whoever refuses types sees it; empty when there is none."""
    _, dot, ending = name.rpartition("/")[2].rpartition(".")
    return ending.lower() if dot else ""


def split_extension(name: str) -> tuple[str, str]:
    """``("photo", ".jpg")``; a double one such as ``.tar.gz`` stays whole; a long tail is no extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem or not extension or len(extension) > 16:
        return name, ""
    if stem.endswith(".tar") and len(stem) > 4:
        return stem[:-4], f".tar.{extension}"
    return stem, dot + extension


def shorten(name: str, size: int) -> str:
    """``name`` within ``size`` bytes of UTF-8: its start, a mark that differs for different names, its extension."""
    stem, extension = split_extension(name)
    tail = f"~{hashlib.sha256(name.encode()).hexdigest()[:6]}{extension}"
    start = stem.encode()[: max(size - len(tail.encode()), 1)].decode(errors="ignore")
    return (start.rstrip(". ") or "_") + tail


def _mend_path(path: str) -> str:
    if utf16(path) <= PATH_CHARS and not _SUSPECT.search(path) and (path.isascii() or _is_safe_unicode(path)):
        return path
    names = [mend_name(name) for name in path.split("/") if name not in ("", ".", "..")] or ["_"]
    return _fit(names)


def _is_safe_unicode(path: str) -> bool:
    if not unicodedata.is_normalized("NFC", path) or _FORBIDDEN.search(path.replace("/", "")):
        return False
    return all(len(name.encode()) <= NAME_BYTES for name in path.split("/"))


def _fit(names: list[str]) -> str:
    """The longest names give way first; where even that is not enough, the folders become one."""
    excess = sum(map(utf16, names)) + len(names) - 1 - PATH_CHARS
    while excess > 0:
        longest = max(range(len(names)), key=lambda place: utf16(names[place]))
        before = utf16(names[longest])
        shorter = _cut(names[longest], max(before - excess, 24))
        if utf16(shorter) >= before:
            mark = hashlib.sha256("/".join(names[:-1]).encode()).hexdigest()[:12]
            return f"{_beginning(names[0], 24)}~{mark}/{names[-1]}"
        names[longest] = shorter
        excess -= before - utf16(shorter)
    return "/".join(names)


def _cut(name: str, chars: int) -> str:
    """Like :func:`shorten`, by characters as Windows counts them."""
    stem, extension = split_extension(name)
    tail = f"~{hashlib.sha256(name.encode()).hexdigest()[:6]}{extension}"
    return (_beginning(stem, chars - utf16(tail)) or "_") + tail


def _beginning(name: str, chars: int) -> str:
    """As much of ``name`` as fits, one character at least; none is cut in two."""
    kept = name.encode("utf-16-le", "surrogatepass")[: 2 * chars].decode("utf-16-le", "ignore") if chars > 0 else ""
    return (kept or name[:1]).rstrip(". ")


def _folders(path: str) -> Iterator[str]:
    at = path.rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)
