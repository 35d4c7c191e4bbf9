"""Fonts, scenes and older Office documents by their own framing."""

from __future__ import annotations

import struct

from delivery.intake.readers.view import CUT, View


def read_sfnt(view: View) -> None:
    """TrueType and OpenType: every table lies inside the file."""
    if view.head[:4] == b"ttcf":
        count = min(int.from_bytes(view.at(8, 4), "big"), 64)
        starts = [int.from_bytes(view.at(12 + 4 * index, 4), "big") for index in range(count)]
    else:
        starts = [0]
    for start in starts:
        count = int.from_bytes(view.at(start + 4, 2), "big")
        if not count:
            view.damaged("it holds no tables" if start < view.size else CUT)
            return
        for index in range(count):
            record = view.at(start + 12 + 16 * index, 16)
            if len(record) < 16 or sum(struct.unpack_from(">II", record, 8)) > view.size:
                view.damaged(CUT)
                return


def read_woff(view: View) -> None:
    if struct.unpack_from(">I", view.head.ljust(12, b"\0"), 8)[0] > view.size:
        view.damaged(CUT)


def read_blend(view: View) -> None:
    """Blocks up to the one called ENDB."""
    header = view.head[:20]
    if header[7:8] not in b"_-":
        return  # the header of Blender 5 differs; an unknown one is left in peace
    wide, order = header[7:8] == b"-", "<" if header[8:9] == b"v" else ">"
    at, length = 12, 24 if wide else 20
    while True:
        head = view.at(at, length)
        if head[:4] == b"ENDB":
            return
        if len(head) < length:
            view.damaged(CUT)
            return
        at += length + struct.unpack_from(order + "I", head, 4)[0]


def read_glb(view: View) -> None:
    if struct.unpack_from("<I", view.head.ljust(12, b"\0"), 8)[0] > view.size:
        view.damaged(CUT)


def read_ole(view: View) -> None:
    """The compound file of .doc, .xls, .ppt: every sector that its tables count lies inside the file."""
    if len(view.head) < 512:
        view.damaged(CUT)
        return
    shift = int.from_bytes(view.head[30:32], "little")
    if shift not in (9, 12):
        view.damaged("its header is damaged")
        return
    sector = 1 << shift
    directory = int.from_bytes(view.head[48:52], "little")
    tables = [value for value in struct.unpack_from("<109I", view.head, 76) if value < 0xFFFFFFFA]
    if any((index + 1) * sector >= view.size for index in (directory, *tables)):
        view.damaged(CUT)


def read_sqlite(view: View) -> None:
    """As many pages as the header counts, where its count is valid."""
    header = view.head[:100].ljust(100, b"\0")
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    if header[24:28] == header[92:96] and pages * (65536 if page == 1 else page) > view.size:
        view.damaged(CUT)
