"""PDFs as most programs write them since 2003: the objects packed in a stream, the table of contents in another."""

from __future__ import annotations

import struct
import zlib


def packed(*bodies: bytes, fields: bytes = b"") -> bytes:
    """``bodies`` are the objects from number 1 on, the catalog first; ``fields`` stand beside it in the trailer."""
    index, content = b"", b""
    for number, body in enumerate(bodies, start=1):
        index += b"%d %d " % (number, len(content))
        content += body + b" "
    start, last = b"%PDF-1.5\n", len(bodies) + 1
    objects = _stream(last, b"/Type/ObjStm/N %d/First %d" % (len(bodies), len(index)), index + content)
    at = len(start + objects)
    rows = [(0, 0, 0), *((2, last, place) for place in range(len(bodies))), (1, len(start), 0), (1, at, 0)]
    table = b"".join(struct.pack(">BHB", *row) for row in rows)
    contents = _stream(last + 1, b"/Type/XRef/Size %d/W[1 2 1]/Root 1 0 R%s" % (last + 2, fields), table)
    return start + objects + contents + b"startxref\n%d\n%%%%EOF\n" % at


def _stream(number: int, fields: bytes, data: bytes) -> bytes:
    data = zlib.compress(data)
    head = b"%d 0 obj\n<<%s/Filter/FlateDecode/Length %d>>\nstream\n" % (number, fields, len(data))
    return head + data + b"\nendstream\nendobj\n"
