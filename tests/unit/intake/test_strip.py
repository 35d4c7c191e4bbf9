"""Cleaned copies tell nothing, show the same, and leave the originals alone."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader, PdfWriter
from support import corpus, leaky

from delivery import intake
from delivery.checks.rule import STRIP
from delivery.errors import LocalError
from delivery.intake import deep
from delivery.intake.observation import Seen
from delivery.intake.strip import copies, strip
from delivery.progress import CancelToken

SECRET = "Jane Roe of 5 Elm Street"
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>{SECRET}</dc:creator></x:xmpmeta>".encode()
METHODS = {
    name: getattr(zipfile, name)
    for name in ("ZIP_STORED", "ZIP_DEFLATED", "ZIP_BZIP2", "ZIP_LZMA", "ZIP_ZSTANDARD")
    if hasattr(zipfile, name)
}


def exif(turn: int = 1) -> bytes:
    data = Image.Exif()
    data[0x013B] = SECRET
    if turn != 1:
        data[0x0112] = turn
    data[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    return data.tobytes()


def picture(kind: str, turn: int = 1, **options: object) -> bytes:
    out = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if kind == "PNG":
        text = PngInfo()
        text.add_text("Author", SECRET)
        text.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        options["pnginfo"] = text
    else:
        options["xmp"] = XMP
    image = Image.effect_noise((61, 40), 80).convert("RGB")
    image.save(out, kind, exif=exif(turn), icc_profile=profile, **options)
    return out.getvalue()


def document(**core: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document><w:t>Hello</w:t></w:document>")
        archive.writestr("docProps/core.xml", f"<c><dc:title>Kept</dc:title><dc:creator>{SECRET}</dc:creator></c>")
        archive.writestr("docProps/app.xml", f"<P><Company>{SECRET}</Company><Pages>3</Pages></P>")
        archive.writestr("word/media/image1.png", os.urandom(2000))
    return out.getvalue()


def pdf() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((100, 80), 60).convert("RGB").save(out, "PDF", author=SECRET, title=SECRET)
    writer = PdfWriter(clone_from=PdfReader(out))
    writer.xmp_metadata = XMP
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def clean(tmp_path: Path, name: str, data: bytes):
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    (work / name).write_bytes(data)
    stripped = strip(intake.take_in([work]), tmp_path / "copies")
    (entry,) = stripped.deliverable.entries
    assert (work / name).read_bytes() == data, "the original was touched"
    return Path(entry.path).read_bytes(), stripped, entry


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("turn", [1, 6])
def test_pictures_lose_what_they_tell_and_keep_every_pixel(tmp_path, kind, turn):
    data = picture(kind, turn, **({"lossless": True} if kind == "WEBP" else {}))
    cleaned, stripped, entry = clean(tmp_path, f"a.{kind.lower()}", data)
    assert SECRET.encode() in data or kind == "PNG"
    assert SECRET.encode() not in cleaned
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(cleaned))
    assert before.tobytes() == after.tobytes()
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert 0x8825 not in after.getexif() and 0x013B not in after.getexif()
    assert ImageOps.exif_transpose(after).size == ImageOps.exif_transpose(before).size
    assert "EXIF" in stripped.removed[0].what
    assert entry.size == len(cleaned) and entry.arcname == f"a.{kind.lower()}"


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0, "restart_marker_blocks": 2}])
def test_every_kind_of_jpeg_scan_is_copied_whole(tmp_path, options):
    data = picture("JPEG", **options) + b"MotionPhoto" * 50
    cleaned, stripped, _ = clean(tmp_path, "a.jpg", data)
    assert Image.open(io.BytesIO(cleaned)).tobytes() == Image.open(io.BytesIO(data)).tobytes()
    assert "data after the picture" in stripped.removed[0].what and b"MotionPhoto" not in cleaned


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx", "a.ppsx", "a.dotx"])
def test_office_documents_keep_every_other_part(tmp_path, name):
    data = document()
    cleaned, stripped, _ = clean(tmp_path, name, data)
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(io.BytesIO(cleaned)) as after:
        assert before.namelist() == after.namelist()
        assert after.testzip() is None
        for part in before.namelist():
            if not part.startswith("docProps/"):
                assert before.read(part) == after.read(part)
        assert SECRET.encode() not in b"".join(after.read(part) for part in after.namelist())
        assert b"<dc:title>Kept</dc:title>" in after.read("docProps/core.xml")
    assert stripped.removed[0].what == ("author", "company")


def test_photos_in_office_documents_are_cleaned_too(tmp_path):
    photo = picture("JPEG", turn=6)
    parts = {"word/document.xml": b"<w/>", "word/media/image1.jpg": photo, "word/media/image2.jpg": photo[:900]}
    cleaned, stripped, _ = clean(tmp_path, "a.docx", corpus.zipped(parts))
    with zipfile.ZipFile(io.BytesIO(cleaned)) as after:
        inside, broken = after.read("word/media/image1.jpg"), after.read("word/media/image2.jpg")
    assert SECRET.encode() not in inside
    before, now = Image.open(io.BytesIO(photo)), Image.open(io.BytesIO(inside))
    assert (before.tobytes(), before.getexif()[0x0112]) == (now.tobytes(), now.getexif()[0x0112])
    assert broken == photo[:900]
    assert "EXIF of its pictures" in stripped.removed[0].what


def test_office_documents_forget_where_they_lay_and_keep_the_name_of_their_template(tmp_path):
    parts = {"xl/workbook.xml": leaky.FOLDER, "word/_rels/settings.xml.rels": leaky.TEMPLATE}
    cleaned, stripped, _ = clean(tmp_path, "a.docx", corpus.zipped(parts))
    with zipfile.ZipFile(io.BytesIO(cleaned)) as after:
        workbook, relations = map(after.read, parts)
    assert workbook == leaky.FOLDER.replace(b"C:\\Users\\jane\\Documents\\Acme\\", b"")
    assert relations == leaky.TEMPLATE.replace(b"file:///C:\\Users\\jane\\Templates\\", b"")
    assert stripped.removed[0].what == ("folder", "template's folder")


def test_pdfs_keep_their_pages(tmp_path):
    data = pdf()
    cleaned, stripped, _ = clean(tmp_path, "a.pdf", data)
    assert SECRET.encode() not in cleaned and SECRET.encode("utf-16-be") not in cleaned
    before, after = PdfReader(io.BytesIO(data)), PdfReader(io.BytesIO(cleaned))
    assert len(before.pages) == len(after.pages)
    for old, new in zip(before.pages, after.pages, strict=True):
        assert old.get_contents().get_data() == new.get_contents().get_data()
        assert [image.data for image in old.images] == [image.data for image in new.images]
    assert {"author", "XMP"} <= set(stripped.removed[0].what)


def test_a_protected_pdf_is_delivered_as_it_is_and_told(tmp_path):
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    cleaned, stripped, _ = clean(tmp_path, "a.pdf", out.getvalue())
    assert cleaned == out.getvalue()
    assert "password" in str(stripped.removed[0])


def test_a_pdf_locked_in_a_publishers_own_way_is_delivered_as_it_is_and_told(tmp_path):
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    locked = out.getvalue().replace(b"/Filter /Standard", b"/Filter /FOPN_fLo")
    cleaned, stripped, _ = clean(tmp_path, "a.pdf", locked)
    assert cleaned == locked
    assert stripped.removed[0].problem.endswith("it is protected")


WITHOUT_CRYPTOGRAPHY = """
import sys
sys.modules["cryptography"] = sys.modules["Crypto"] = None
from pathlib import Path
from delivery.intake import deep, strip, take_in
from delivery.progress import CancelToken

path = sys.argv[1]
print(deep.decode(path, "pdf", CancelToken()))
print(strip.strip(take_in([path]), Path(path).parent / "copies").removed[0])
"""


def test_a_pdf_protected_in_the_newer_way_needs_no_further_library(tmp_path):
    pytest.importorskip("cryptography")
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(tmp_path / "a.pdf")
    run = [sys.executable, "-c", WITHOUT_CRYPTOGRAPHY, str(tmp_path / "a.pdf")]
    deeply, stripped = subprocess.check_output(run, text=True).splitlines()
    assert deeply == "None"
    assert stripped == "a.pdf: not cleaned, delivered as it is: it is protected"


@pytest.mark.parametrize(("user", "why"), [("secret", "with a password"), ("", "against changes")])
def test_a_protected_pdf_is_told_by_what_the_protection_keeps_from(tmp_path, user, why):
    writer, out = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf()))), io.BytesIO()
    writer.encrypt(user, "owner", algorithm="RC4-128")
    writer.write(out)
    _, stripped, _ = clean(tmp_path, "a.pdf", out.getvalue())
    assert [item.problem for item in stripped.removed] == [f"not cleaned, delivered as it is: it is protected {why}"]


def test_a_webp_whose_first_chunk_is_empty_is_delivered_as_it_is_and_told(tmp_path):
    body = b"WEBP" + b"VP8X" + bytes(4) + b"EXIF\x02\0\0\0ab"
    _, stripped, entry = clean(tmp_path, "a.webp", b"RIFF" + len(body).to_bytes(4, "little") + body)
    assert entry.path == str(tmp_path / "work" / "a.webp")
    assert [item.problem for item in stripped.removed] == [
        "not cleaned, delivered as it is: its first chunk is damaged"
    ]


def test_a_clean_file_stays_where_it_is(tmp_path):
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "PNG")
    _, stripped, entry = clean(tmp_path, "a.png", out.getvalue())
    assert entry.path == str(tmp_path / "work" / "a.png")
    assert stripped.removed == ()


@pytest.mark.parametrize("name", ["a.jpeg", "a.png", "a.webp", "a.docx", "a.pdf"])
def test_cleaning_twice_changes_nothing(tmp_path, name):
    makers = {"docx": document, "pdf": pdf}
    kind = name[2:]
    data = makers[kind]() if kind in makers else picture(kind.upper(), 6)
    once, _, _ = clean(tmp_path, name, data)
    twice, stripped, _ = clean(tmp_path, name, once)
    assert twice == once and stripped.removed == ()


def test_the_same_file_gives_the_same_copy_so_that_uploads_resume(tmp_path):
    data = picture("JPEG")
    first = clean(tmp_path, "a.jpg", data)[2]
    (tmp_path / "work" / "a.jpg").touch()
    second = strip(intake.take_in([tmp_path / "work"]), tmp_path / "copies").deliverable.entries[0]
    assert (first.path, first.size) == (second.path, second.size)
    assert len(list((tmp_path / "copies").iterdir())) == 1


def test_a_full_disk_does_not_stay_full_of_copies(tmp_path, monkeypatch):
    kept = Path(clean(tmp_path, "a.jpg", picture("JPEG"))[2].path)
    for name in ("b.jpg", "c.jpg"):
        (tmp_path / "work" / name).write_bytes(picture("JPEG"))
    honest, written = copies._replace, []

    def replacing(place, data):
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        honest(place, data)
        written.append(place)

    monkeypatch.setattr(copies, "_replace", replacing)
    with pytest.raises(LocalError, match=r"c\.jpg") as caught:
        strip(intake.take_in([tmp_path / "work"]), tmp_path / "copies")
    assert caught.value.code == "disk-full"
    assert written and list((tmp_path / "copies").iterdir()) == [kept]


def test_copies_that_nobody_asked_for_in_a_month_go(tmp_path):
    copy = Path(clean(tmp_path, "a.jpg", picture("JPEG"))[2].path)
    os.utime(copy, (1, 1))
    clean(tmp_path, "a.jpg", b"not a picture")
    assert not copy.exists()


def test_a_folder_for_copies_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalError, match="the folder for cleaned copies") as caught:
        strip(intake.take_in([tmp_path / "file"]), tmp_path / "file" / "copies")
    assert "DELIVERY_HOME" in caught.value.hint


def test_a_copy_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*places: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(LocalError, match="No space left"):
        clean(tmp_path, "a.jpg", picture("JPEG"))
    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_document_with_a_damaged_part_is_delivered_as_it_is_and_told(tmp_path, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", METHODS[method]) as archive:
        archive.writestr("word/document.xml", os.urandom(3000))
    data = bytearray(out.getvalue())
    data[47:2000] = bytes(1953)
    cleaned, stripped, entry = clean(tmp_path, "a.docx", bytes(data))
    assert cleaned == data and "it is damaged" in str(stripped.removed[0])
    assert deep.decode(entry.path, "zip", CancelToken()).kind is Seen.DAMAGED


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_cut_off_picture_is_delivered_as_it_is_and_told(tmp_path, kind):
    data = picture(kind)[:-200]
    cleaned, stripped, _ = clean(tmp_path, f"a.{kind.lower()}", data)
    assert cleaned == data and "not cleaned" in str(stripped.removed[0])


def test_the_findings_hint_names_what_can_be_cleaned():
    """Only of such a file is it true that the place where it was taken goes away."""
    titles = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "pdf": "PDF"}
    assert STRIP.partition(" of a ")[2].startswith(
        f"{', '.join(titles[kind] for kind in copies._CLEANERS)} or Office file,"
    )
