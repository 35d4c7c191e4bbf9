"""Archives and documents as other programs rightly make them: none is damaged, which would block the delivery."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile

import pytest
from support import corpus

from delivery.intake.look import look
from delivery.intake.readers.view import View


def zipped(size: int = 3000) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("film.dat", os.urandom(size))
        archive.writestr("notes.txt", "hello")
    return out.getvalue()


def test_a_zip_with_both_directories_though_the_short_one_would_do(check, monkeypatch):
    """As Python and others write from 2 GiB on; 4 GiB is where it is needed."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    assert not check({"work.zip": zipped()})


def test_a_file_over_8_gib_in_a_tar(check):
    """Its size stands in a header before its own, in the format that Python and macOS write."""
    large = tarfile.TarInfo("film.mov")
    large.size = 9 * 1024**3
    start = large.tobuf(tarfile.PAX_FORMAT) + b"no zeros" * 200
    after = 3 * 512 + large.size
    end = tarfile.TarInfo("notes.txt").tobuf(tarfile.PAX_FORMAT) + bytes(1024)

    def read(offset: int, count: int) -> bytes:
        return (start[offset:] if offset < len(start) else end[offset - after :])[:count]

    view = View(read, after + len(end), name="work.tar")
    look(view)
    assert (view.facts, view.members) == ([], ["film.mov", "notes.txt"])


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_a_long_name_in_a_tar_is_known_to_its_end(form):
    path = "deep/" * 30 + "work.mov"
    view = View.of_bytes(tarfile.TarInfo(path).tobuf(form) + bytes(1024), name="work.tar")
    look(view)
    assert (view.facts, view.members) == ([], [path])


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", ["work.zip.001", "work.z01", "film.mov.0001"])
def test_a_volume_is_said_not_to_be_looked_into(check, codes, name, deep):
    data = b"\0\0\0\x14ftypqt  " + bytes(8) + b"\0\1\0\0mdat" if "mov" in name else zipped()
    assert codes(check({name: data[: len(data) // 2]}, deep=deep)) == {"not-looked-into"}


def test_the_last_volume_of_a_zip_begins_anywhere(check, codes):
    data = bytearray(zipped()[2000:])
    struct.pack_into("<H", data, data.rindex(b"PK\x05\x06") + 4, 2)
    found = check({"work.zip": bytes(data)})
    assert codes(found) == {"not-looked-into"}
    assert "the last of 3 volumes" in found[0].message


def test_a_zip_behind_other_bytes_is_one(check, codes):
    assert not check({"work.zip": b"#" * 100 + zipped()})


def test_a_tar_whose_checksum_is_of_bytes_with_a_sign(check):
    """As old writers made it; it differs where a name is not ASCII."""
    info = tarfile.TarInfo("café.txt")
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    summed = header[:148] + b" " * 8 + header[156:]
    header[148:156] = b"%06o\0 " % sum(byte - 256 if byte > 127 else byte for byte in summed)
    data = bytes(header) + bytes(10240 - 512)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["café.txt"]
    assert not check({"work.tar": data})


@pytest.mark.parametrize("holes", [3, 40])
def test_a_sparse_file_in_a_tar_of_gnu(check, holes):
    """Where the header has no room for all its holes, blocks between it and the data tell the rest."""
    info = tarfile.TarInfo("disk.img")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, holes * 512
    pieces = [b"%011o\0%011o\0" % (4096 * hole, 512) for hole in range(holes)]
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:482] = b"".join(pieces[:4]).ljust(96, b"\0")
    header[482] = holes > 4
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    more = [b"".join(pieces[at : at + 21]).ljust(504, b"\0") for at in range(4, holes, 21)]
    maps = b"".join(block + (b"\1" if block is not more[-1] else b"\0") + bytes(7) for block in more)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("after.txt"))
    data = bytes(header) + maps + b"x" * info.size + plain.getvalue()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["disk.img", "after.txt"]
    assert not check({"work.tar": data})


def test_a_wav_that_was_written_into_a_pipe(check):
    data = bytearray(corpus.wav())
    struct.pack_into("<I", data, 4, 0x7FFFF024)
    struct.pack_into("<I", data, data.index(b"data") + 4, 0x7FFFF000)
    assert not check({"work.wav": bytes(data)})


def test_a_file_over_4_gib_in_an_older_rar():
    size = 2**32 + 5
    header = struct.pack("<HBHHIIBIIBBHII", 0, 0x74, 0x8100, 48, size & 0xFFFFFFFF, 5, 3, 0, 0, 29, 0x30, 8, 0x20, 1)
    start = b"Rar!\x1a\x07\0" + struct.pack("<HBHH", 0, 0x73, 0, 13) + bytes(6) + header + struct.pack("<I", 1)
    start += b"film.mov"
    end = struct.pack("<HBHH", 0, 0x7B, 0x4000, 7)

    def read(offset: int, count: int) -> bytes:
        return (start[offset:] + bytes(count))[:count] if offset < len(start) else end[offset - len(start) - size :]

    view = View(read, len(start) + size + len(end), name="work.rar")
    look(view)
    assert (view.facts, view.members) == ([], ["film.mov"])


@pytest.mark.parametrize("target", ["word/document2.xml", "/word/document2.xml"])
def test_a_document_whose_main_part_has_an_unusual_name(check, codes, target):
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships><Relationship Type="{kinds}/custom-properties" Target="docProps/custom.xml"/>'
        f'<Relationship Id="r1" Type="{kinds}/officeDocument" Target="{target}"/></Relationships>',
        "word/document2.xml": '<w:document><w:ins w:id="1" w:author="Jane"/></w:document>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    assert codes(check({"work.docx": out.getvalue()})) == {"review-traces"}
    lacking = out.getvalue().replace(b"word/document2.xml", b"word/document3.xml", 1)
    assert codes(check({"work.docx": lacking})) == {"damaged"}
