"""What lies in a zip is found as it is on disk, and told once for each code and archive."""

from __future__ import annotations

import io
import zipfile

import pytest
from support import corpus, leaky
from support.corpus import zipped

from delivery.intake.readers import formats

METHODS = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED}


def locked_pdf() -> bytes:
    from pypdf import PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


WRONG = {
    "trip/photo.jpg": (leaky.photo(gps=True), "gps", "it holds the place on earth where it was taken (EXIF)"),
    "trip/film.mp4": (leaky.place(b"+52.5200+013.4050/"), "gps", "it was taken (video metadata)"),
    "cut.jpg": (corpus.picture("JPEG")[:-20], "damaged", "the file is cut off"),
    "cut.png": (corpus.picture("PNG")[:-20], "damaged", "the file is cut off"),
    "offer.docx": (leaky.docx(comments=b'<w:comments><w:comment w:id="0"/></w:comments>'), "review-traces", "comments"),
    "plan.odt": (leaky.docx(), "damaged", "without the parts of a .odt document"),
    "offer.pdf": (leaky.pdf(author="Jane Roe"), "personal-metadata", "PDF author: Jane Roe"),
    "private.pdf": (locked_pdf(), "locked", "it needs a password"),
    "saved.jpg": (b"<!DOCTYPE html><html><body>gone</body></html>", "wrong-content", "its content is a web page"),
    "logo.jpg": (corpus.picture("PNG"), "content-mismatch", "it is named .jpg but is a PNG picture"),
    "logo.svg": (corpus.svg().replace(b"</svg>", b'<image href="photo.jpg"/></svg>'), "missing-asset", "photo.jpg"),
    "zeros.png": (bytes(4000), "zero-filled", "its 4 KB are nothing but zeros"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("method", METHODS)
def test_it_is_found_as_on_disk(check, name, method):
    data, code, words = WRONG[name]
    plain = {(item.code, item.severity) for item in check({name: data})}
    (found,) = [
        item for item in check({"final.zip": zipped({name: data}, METHODS[method])}) if item.path == "final.zip"
    ]
    assert (found.code, found.severity) in plain
    assert found.code == code
    assert found.message.startswith(f"in {name}: ")
    assert words in found.message


def test_many_files_are_one_finding_with_a_count(check):
    photo = leaky.photo(gps=True)
    (found,) = check({"final.zip": zipped({f"{number:02}.jpg": photo for number in range(40)})})
    assert found.message.startswith("in 00.jpg, 01.jpg, 02.jpg and 37 more: it holds the place")


def test_what_differs_is_told_a_few_times_and_then_counted(check):
    names = ("Jane Roe", "Jon Doe", "Ann Poe", "Tim Moe", "Eve Loe")
    (found,) = check({"final.zip": zipped({f"{name[:3]}.jpg": leaky.photo(artist=name) for name in names})})
    assert found.code == "personal-metadata"
    assert found.message == (
        "in Jan.jpg: EXIF artist: Jane Roe; in Jon.jpg: EXIF artist: Jon Doe; "
        "in Ann.jpg: EXIF artist: Ann Poe; and 2 more"
    )


def test_it_is_waived_by_the_archives_path(check):
    from delivery import checks

    found = check({"final.zip": zipped({"a.jpg": leaky.photo(gps=True)})})
    assert checks.waive(found, ["gps:final.zip"]) == ((), found)


def test_sound_work_in_an_archive_is_silent(check):
    archives = ("zip", "7z", "rar", "tar", "gz", "tgz")
    good = {name: data for name, data in corpus.good().items() if not name.endswith(archives)}
    for method in METHODS.values():
        assert not check({"final.zip": zipped(good, method)})


def test_what_systems_leave_in_archives_is_no_work(check):
    apple = b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(100)
    assert not check(
        {"final.zip": zipped({"__MACOSX/._a.jpg": apple, "._b.jpg": apple, "a.jpg": corpus.picture("JPEG")})}
    )


def test_an_asset_may_lie_beside_it_in_the_archive(check):
    svg, _, _ = WRONG["logo.svg"]
    assert not check({"final.zip": zipped({"web/logo.svg": svg, "web/Photo.jpg": corpus.picture("JPEG")})})


def test_documents_of_programs_that_are_zips_are_left_as_they_are(check):
    """What a program keeps in its own document is no file that anybody delivers."""
    names = [name for name, kinds in formats.PROMISES.items() if "zip" in kinds and "ole" not in kinds] + ["cbz"]
    inside = zipped({"previews/1.jpg": leaky.photo(gps=True)})
    found = check({f"a.{name}": inside for name in names if name not in ("odt", "ods", "odp", "odg", "epub")})
    assert {item.path for item in found if item.code == "gps"} == {"a.zip"}


def test_an_archive_in_an_archive_is_said_not_to_be_looked_into(check, codes):
    photo = leaky.photo(gps=True)
    (found,) = check({"final.zip": zipped({"a.txt": b"x", "in.zip": zipped({"1.jpg": photo, "2.jpg": photo})})})
    assert (found.code, found.severity) == ("not-looked-into", "info")
    assert found.message == "not looked at: 2 of 2 pictures, documents and the like in it"
    assert not check({"final.zip": zipped({"in.zip": zipped({"a.txt": b"x"})})})


@pytest.mark.parametrize("coding", ["utf-8", "cp437"])
def test_a_name_is_told_as_it_was_meant(check, coding):
    """zip on Linux writes UTF-8 and, unlike others, does not say so."""
    data = zipped({"x" * len("übergabe.jpg".encode(coding)): leaky.photo(gps=True)})
    data = data.replace(b"x" * len("übergabe.jpg".encode(coding)), "übergabe.jpg".encode(coding))
    (found,) = check({"final.zip": data})
    assert found.message.startswith("in übergabe.jpg: ")


def test_what_is_locked_is_told_as_such_alone(check, codes):
    data = bytearray(zipped({"a.jpg": leaky.photo(gps=True)}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    assert codes(check({"final.zip": bytes(data)})) == {"locked"}


def test_another_method_of_packing_is_said_not_to_be_looked_into(check, codes):
    assert codes(check({"final.zip": zipped({"a.jpg": leaky.photo(gps=True)}, zipfile.ZIP_LZMA)})) == {
        "not-looked-into"
    }
