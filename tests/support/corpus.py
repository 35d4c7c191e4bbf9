"""Good files of more than 25 types, made here, and what becomes of them: cut off, overwritten, emptied, misnamed."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import sqlite3
import struct
import tarfile
import wave
import zipfile
import zlib
from contextlib import closing

from PIL import Image

_random = random.Random(5)


def begin_noise() -> None:
    """From here on the same noise, whatever ran before: by chance some of it looks like something."""
    _random.seed(5)


def noise(size: int) -> bytes:
    return _random.randbytes(size)


def picture(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (90, 70), noise(90 * 70 * 3)).save(out, kind, **options)
    return out.getvalue()


def psd() -> bytes:
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 40, 50, 8, 3)
    resources = b"8BIM" + struct.pack(">H2xI", 1005, 16) + noise(16)
    layers = noise(400)
    return (
        header
        + struct.pack(">I", 0)
        + struct.pack(">I", len(resources))
        + resources
        + struct.pack(">I", len(layers))
        + layers
        + b"\0\0"
        + noise(40 * 50 * 3)
    )


def svg() -> bytes:
    shapes = "".join(f'<circle cx="{i}" cy="{i * 2}" r="4"/>\n' for i in range(60))
    return f'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="90">\n{shapes}</svg>\n'.encode()


def box(kind: bytes, *body: bytes) -> bytes:
    inner = b"".join(body)
    return struct.pack(">I4s", 8 + len(inner), kind) + inner


def movie(brand: bytes) -> bytes:
    track = box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"mdhd", bytes(24))))
    index = box(b"moov", box(b"mvhd", bytes(100)), track)
    return box(b"ftyp", brand, b"\0\0\2\0", b"isom", brand) + index + box(b"mdat", noise(4000))


def heif(brand: bytes) -> bytes:
    meta = box(b"meta", bytes(4), box(b"hdlr", bytes(8), b"pict", bytes(13)), box(b"pitm", bytes(6)))
    return box(b"ftyp", brand, bytes(4), b"mif1", brand) + meta + box(b"mdat", noise(3000))


def element(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">Q", 1 << 56 | len(body)) + body


def matroska(kind: bytes) -> bytes:
    header = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", kind))
    return header + element(
        b"\x18\x53\x80\x67", element(b"\x15\x49\xa9\x66", noise(50)) + element(b"\x1f\x43\xb6\x75", noise(3000))
    )


def avi() -> bytes:
    body = (
        b"AVI "
        + b"LIST"
        + struct.pack("<I", 204)
        + b"hdrl"
        + noise(200)
        + b"LIST"
        + struct.pack("<I", 3004)
        + b"movi"
        + noise(3000)
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(noise(8000))
    return out.getvalue()


def flac() -> bytes:
    return b"fLaC" + b"\0\0\0\x22" + noise(34) + b"\x81\0\4\0" + bytes(1024) + b"\xff\xf8" + noise(2000)


def ogg() -> bytes:
    pages = b""
    for number, flags in ((0, 2), (1, 0), (2, 4)):
        body = noise(1000)
        table = bytes([255, 255, 255, 235])
        pages += b"OggS\0" + bytes([flags]) + bytes(8) + struct.pack("<III", 7, number, 0) + bytes([4]) + table + body
    return pages


def mp3() -> bytes:
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    frames = 30
    tag = b"Xing" + struct.pack(">III", 3, frames, frames * 417) + bytes(100)
    first = frame[:36] + tag + frame[36 + len(tag) :]
    return b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + first + frame * (frames - 1)


def aiff() -> bytes:
    body = (
        b"AIFF"
        + b"COMM"
        + struct.pack(">I", 18)
        + bytes(18)
        + b"SSND"
        + struct.pack(">I", 2008)
        + bytes(8)
        + noise(2000)
    )
    return b"FORM" + struct.pack(">I", len(body)) + body


def midi() -> bytes:
    track = b"MTrk" + struct.pack(">I", 300) + noise(300)
    return b"MThd" + struct.pack(">IHHH", 6, 1, 2, 96) + track * 2


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def office(main: str) -> bytes:
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": b"<Relationships/>",
        main: b"<doc>" + noise(900).hex().encode() + b"</doc>",
    }
    return zipped({**parts, "docProps/core.xml": b"<p><dc:title>Work</dc:title></p>"})


def open_document(kind: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}", zipfile.ZIP_STORED)
        archive.writestr("content.xml", f"<office:document-content>{noise(900).hex()}</office:document-content>")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def seven_zip() -> bytes:
    data, directory = noise(1500), b"\x01" + noise(60)
    start = struct.pack("<QQI", len(data), len(directory), zlib.crc32(directory))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + data + directory


def rar() -> bytes:
    def block(body: bytes, data: bytes = b"") -> bytes:
        sized = bytes([len(body)]) + body
        return struct.pack("<I", zlib.crc32(sized)) + sized + data

    data, name = noise(100), b"work/picture.bin"
    file = bytes([2, 2, len(data), 0, len(data), 0x20, 0, 1, len(name)]) + name
    return b"Rar!\x1a\x07\x01\x00" + block(b"\x01\x00\x00") + block(file, data) * 20 + block(b"\x05\x00\x00")


def tar(mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name in ("a/one.bin", "a/two.bin"):
            info = tarfile.TarInfo(name)
            info.size = 9000
            archive.addfile(info, io.BytesIO(noise(9000)))
    return out.getvalue()


def font() -> bytes:
    tables = [(b"cmap", noise(300)), (b"glyf", noise(900)), (b"head", noise(54)), (b"name", noise(200))]
    at = 12 + 16 * len(tables)
    records, body = b"", b""
    for tag, data in tables:
        records += tag + struct.pack(">III", 0, at + len(body), len(data))
        body += data
    return b"\0\1\0\0" + struct.pack(">HHHH", len(tables), 64, 2, 0) + records + body


def woff(mark: bytes) -> bytes:
    body = noise(1500)
    return mark + b"\0\1\0\0" + struct.pack(">I", 12 + len(body)) + body


def blend() -> bytes:
    def block(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<IQII", len(data), 1, 0, 1) + data

    return b"BLENDER-v402" + block(b"REND", noise(70)) + block(b"DATA", noise(2000)) + block(b"ENDB", b"")


def glb() -> bytes:
    scene = json.dumps({"asset": {"version": "2.0"}}).encode().ljust(40)
    body = struct.pack("<I4s", len(scene), b"JSON") + scene + struct.pack("<I4s", 2000, b"BIN\0") + noise(2000)
    return b"glTF" + struct.pack("<II", 2, 12 + len(body)) + body


def gltf() -> bytes:
    buffer = "data:application/octet-stream;base64," + "A" * 800
    return json.dumps({"asset": {"version": "2.0"}, "buffers": [{"uri": buffer, "byteLength": 600}]}, indent=1).encode()


def ole() -> bytes:
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<I", header, 48, 18)
    struct.pack_into("<109I", header, 76, 17, *[0xFFFFFFFF] * 108)
    return bytes(header) + noise(512 * 20)


def database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute("create table work(data blob)")
        made.executemany("insert into work values (?)", [(noise(900),) for _ in range(30)])
        made.commit()
        return made.serialize()


def rtf() -> bytes:
    return b"{\\rtf1\\ansi Finished work.\\par " + b"More of it. " * 60 + b"}"


def good() -> dict[str, bytes]:
    """Name -> content of whole files, one of each type; none gives a finding. The same at every call."""
    begin_noise()
    return {
        "picture.png": picture("PNG"),
        "picture.jpg": picture("JPEG"),
        "progressive.jpeg": picture("JPEG", progressive=True),
        "picture.gif": picture("GIF"),
        "picture.webp": picture("WEBP"),
        "lossless.webp": picture("WEBP", lossless=True),
        "picture.bmp": picture("BMP"),
        "picture.tif": picture("TIFF"),
        "packed.tiff": picture("TIFF", compression="tiff_lzw"),
        "icon.ico": picture("ICO"),
        "photo.heic": heif(b"heic"),
        "photo.avif": heif(b"avif"),
        "layers.psd": psd(),
        "vector.svg": svg(),
        "drawing.ai": picture("PDF"),
        "drawing.eps": picture("EPS"),
        "document.pdf": picture("PDF"),
        "letter.docx": office("word/document.xml"),
        "table.xlsx": office("xl/workbook.xml"),
        "slides.pptx": office("ppt/presentation.xml"),
        "letter.odt": open_document("text"),
        "old.doc": ole(),
        "letter.rtf": rtf(),
        "clip.mp4": movie(b"isom"),
        "clip.mov": movie(b"qt  "),
        "clip.m4a": movie(b"M4A "),
        "clip.mkv": matroska(b"matroska"),
        "clip.webm": matroska(b"webm"),
        "clip.avi": avi(),
        "sound.wav": wav(),
        "sound.flac": flac(),
        "sound.ogg": ogg(),
        "sound.mp3": mp3(),
        "sound.aiff": aiff(),
        "song.mid": midi(),
        "work.zip": zipped({"a.bin": noise(900), "b/c.bin": noise(900)}),
        "work.7z": seven_zip(),
        "work.rar": rar(),
        "work.tar": tar(),
        "work.tar.gz": tar("w:gz"),
        "work.gz": gzip.compress(noise(3000)),
        "work.bz2": bz2.compress(noise(3000)),
        "work.xz": lzma.compress(noise(3000)),
        "letters.ttf": font(),
        "letters.woff": woff(b"wOFF"),
        "letters.woff2": woff(b"wOF2"),
        "scene.blend": blend(),
        "scene.glb": glb(),
        "scene.gltf": gltf(),
        "scene.obj": b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n" * 40,
        "data.sqlite": database(),
        "data.json": json.dumps({"rows": list(range(400))}).encode(),
        "data.csv": b"name,amount\n" + b"green,12\n" * 90,
        "page.html": b"<!doctype html><title>x</title><p>Hello" + b" world" * 90,
        "code.py": b"def work():\n    return 42\n" * 40,
        "notes.txt": "Schöne Grüße – done.\n".encode() * 40,
    }


CUTS_UNSEEN = frozenset(
    {
        # Formats that carry no length or end mark, or whose cut is only visible when they are decoded (--deep).
        "work.bz2",
        "work.xz",
        "sound.flac",
        "drawing.eps",
        "letter.rtf",
        "scene.obj",
        "data.csv",
        "page.html",
        "code.py",
        "notes.txt",
    }
)
NO_SIGNATURE = frozenset(
    {"vector.svg", "scene.gltf", "scene.obj", "data.json", "data.csv", "page.html", "code.py", "notes.txt"}
)
SMALL_CUTS_UNSEEN = frozenset({"work.tar"})  # it ends in padding


def mutilated() -> list[tuple[str, str, bytes, set[str]]]:
    """(what was done, name, content, codes that must be found: one of them is enough)."""
    cases = []
    for name, data in good().items():
        if name not in CUTS_UNSEEN:
            cases.append(("cut in half", name, data[: len(data) // 2], {"damaged", "odd-structure"}))
            if name not in SMALL_CUTS_UNSEEN:
                cases.append(
                    ("its last tenth cut off", name, data[: len(data) * 9 // 10], {"damaged", "odd-structure"})
                )
        empty = "empty-text" if name in NO_SIGNATURE else "empty-file"
        cases.append(("emptied", name, b"", {empty}))
        zeros = "zero-data" if name in NO_SIGNATURE else "zero-filled"
        cases.append(("filled with zeros", name, bytes(len(data)), {zeros}))
        if name not in NO_SIGNATURE:
            page = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
            cases.append(("a web page instead", name, page, {"wrong-content"}))
            cases.append(("its first 64 bytes overwritten", name, bytes(64) + data[64:], {"wrong-content", "damaged"}))
    return cases
