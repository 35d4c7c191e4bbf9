"""Each rule on the smallest case that it is for, and on the nearest one that it must leave in peace."""

from __future__ import annotations

import io
import os
import struct
import sys
from dataclasses import replace

import pytest
from PIL import Image
from support.corpus import zipped
from support.parcels import locked

from delivery.model import Severity
from delivery.planning.types import is_taken, is_taken_in_zip
from delivery.profile import Limits, Profile

PICKY = Profile(
    "picky",
    "Picky",
    limits=Limits(file_bytes=100, message_bytes=150, message_files=2),
    blocked_types=frozenset({"exe", "js"}),
    blocked_inside_archives=True,
    blocks_nested_archives=True,
    marketplace=True,
)
MARKET = Profile("market", "Market", marketplace=True)


def picture(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(out, kind)
    return out.getvalue()


def test_good_files_give_no_findings(check):
    found = check(
        {
            "a.png": picture("PNG"), "b.jpg": picture("JPEG"), "c.gif": picture("GIF"), "d.webp": picture("WEBP"),
            "e.bmp": picture("BMP"), "f.tif": picture("TIFF"), "g.ico": picture("ICO"), "h.pdf": picture("PDF"),
            "i.zip": zipped({"x.txt": b"hello"}), "j.txt": b"hello\n",
        }
    )  # fmt: skip
    assert found == ()


def test_limits_are_told_but_do_not_block(check, codes):
    found = check({"a.txt": b"x" * 101, "b.txt": b"y" * 50, "c.txt": b"z"}, PICKY)
    assert codes(found) == {"over-file-limit", "over-message-limit", "too-many-files"}
    assert {finding.severity for finding in found} == {Severity.INFO}


def test_exactly_at_the_limit_is_within_it(check):
    assert check({"a.txt": b"x" * 100, "b.txt": b"y" * 50}, PICKY) == ()


def test_blocked_types_by_name_and_in_archives_in_archives(check, codes):
    inner = zipped({"run.exe": b"x"})
    found = check({"a.exe": b"MZ", "b.zip": zipped({"deep/c.js": b""}), "d.zip": zipped({"e.zip": inner})}, PICKY)
    assert "blocked-type" in codes(found, "a.exe")
    assert "blocked-inside" in codes(found, "b.zip")
    assert "blocked-inside" in codes(found, "d.zip")
    assert any("e.zip/run.exe" in finding.message for finding in found)


@pytest.mark.parametrize("name", [".exe", "deep/.EXE", "a.tar.exe", "exe", "a.exe/b"])
@pytest.mark.parametrize("inside", [True, False])
def test_the_checks_and_the_plan_agree_on_a_names_type(check, codes, name, inside):
    profile = replace(PICKY, limits=Limits(), blocked_inside_archives=inside)
    found = codes(check({name: b"x"}, profile)) & {"blocked-type", "type-needs-zip"}
    assert bool(found) == (not is_taken(name, profile)) == name.lower().endswith(".exe")
    assert ("blocked-type" in found) == (not is_taken_in_zip(name, profile))


def test_a_type_that_only_needs_a_zip_is_told(check, codes):
    only_zip = Profile("z", "Z", allowed_types=frozenset({"zip"}))
    assert codes(check({"a.psd": b"8BPS\0\1" + bytes(200)}, only_zip), "a.psd") >= {"type-needs-zip"}


def test_a_locked_archive_with_an_archive_in_it_is_refused_where_that_is_so(check, codes):
    data = locked({"inner.zip": b"PK"})
    assert "encrypted-nested" in codes(check({"a.zip": data}, PICKY))
    assert "encrypted-nested" not in codes(check({"a.zip": data}))
    assert "locked" in codes(check({"a.zip": data}))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO", "PDF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_picture_cut_off_is_damaged(check, codes, kind, share):
    data = picture(kind, (200, 150))
    name = {"JPEG": "a.jpg", "TIFF": "a.tif"}.get(kind, f"a.{kind.lower()}")
    found = check({name: data[: int(len(data) * share)]})
    assert codes(found) == {"damaged"}


def test_a_zip_cut_off_is_damaged(check, codes):
    data = zipped({"a.bin": bytes(range(256)) * 40})
    for size in (len(data) - 1, len(data) - 30, len(data) // 2):
        assert codes(check({"a.zip": data[:size]})) & {"damaged", "odd-structure"}


def test_empty_files(check, codes):
    found = check({"a.png": b"", "b.txt": b"", "__init__.py": b""})
    assert codes(found, "a.png") == {"empty-file"}
    assert codes(found, "b.txt") == {"empty-text"}
    assert codes(found, "__init__.py") == set()


def test_zero_filled_files(check, codes):
    found = check({"a.mp4": bytes(300_000), "b.bin": bytes(5000), "c.bin": bytes(300_000) + b"x"})
    assert codes(found, "a.mp4") == {"zero-filled"}
    assert codes(found, "b.bin") == {"zero-data"}
    assert codes(found, "c.bin") == set()


def test_content_that_is_not_what_the_name_says(check, codes):
    found = check(
        {
            "a.png": picture("JPEG"), "b.zip": b"<!DOCTYPE html><html><body>404</body></html>",
            "c.psd": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
            "d.pdf": b"MZ" + b"\x90\0" * 60, "e.txt": picture("PNG"),
        }
    )  # fmt: skip
    assert codes(found, "a.png") == {"content-mismatch"}
    assert codes(found, "b.zip") == {"wrong-content"}
    assert "web page" in next(finding.message for finding in found if finding.path == "b.zip")
    assert codes(found, "c.psd") == {"wrong-content"}
    assert codes(found, "d.pdf") == {"blocked-content"}
    assert codes(found, "e.txt") == {"content-mismatch"}


@pytest.mark.parametrize("name", ["invoice.pdf.exe", "photo\u202egnp.exe", "pic.jpg      .scr", "a\u200b.png"])
def test_deceptive_names(check, codes, name):
    assert "deceptive-name" in codes(check({name: b"x" * 70}))


@pytest.mark.parametrize("name", ["jquery.min.js", "archive.tar.gz", "v1.2.pdf", "types.d.ts", "family👨‍👩‍👧.txt"])
def test_honest_names(check, codes, name):
    assert "deceptive-name" not in codes(check({name: b"x" * 70}))


@pytest.mark.parametrize(
    "name",
    ["aux.txt", "COM1", "a:b.txt", "what?.txt", "end.", "back\\slash.txt", "tab\t.txt",
     "com0.txt", "conin$", "lpt1 .txt", "next\x85line.txt", "漢" * 82 + ".txt"],
)  # fmt: skip
@pytest.mark.skipif(os.name == "nt", reason="Windows cannot hold such names")
def test_names_that_break_elsewhere(check, codes, name):
    assert codes(check({name: b"x", "other.txt": b"y"})) == {"name-breaks"}


def test_names_that_work_everywhere(check):
    assert check({"auxiliary.txt": b"x", "console.log.txt": b"x", "Übung – 中文 😀.txt": b"x", ".htaccess": b"x"}) == ()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="one file there")
def test_names_that_differ_by_case(check, codes):
    assert "name-collision" in codes(check({"Logo.txt": b"1", "logo.txt": b"2"}))


def test_long_paths(check, codes):
    assert codes(check({"/".join(["long-folder-name"] * 12) + "/a.txt": b"x"})) == {"path-too-long"}


@pytest.mark.parametrize(
    "name", ["Depositphotos_1234_xl.jpg", "shutterstock_99.jpg", "AdobeStock_1.jpg", "iStock-12.jpg"]
)
def test_stock_names(check, codes, name):
    assert codes(check({name: picture("JPEG")})) == {"stock-name"}


@pytest.mark.parametrize(
    "name", ["logo_draft.png", "WIP-3.png", "final_final.png", "Copy of logo.png", "site preview.png"]
)
def test_draft_names(check, codes, name):
    assert codes(check({name: picture("PNG")})) == {"draft-name"}


@pytest.mark.parametrize(
    "name", ["aircraft.png", "wiping.png", "Untitledness.png", "overdraft2.png", "draft.py", "preview.css"]
)
def test_names_that_are_no_drafts(check, codes, name):
    data = picture("PNG") if name.endswith("png") else b"x"
    assert codes(check({name: data})) == set()


def test_older_versions_beside_newer_ones(check):
    png = picture("PNG")
    found = check({"logo_v1.png": png, "logo_v3.png": png, "other_v1.png": png, "img_2.png": png, "img_3.png": png})
    older = [(finding.code, finding.path) for finding in found if finding.code != "duplicate"]
    assert older == [("older-version", "logo_v1.png")]


@pytest.mark.parametrize("digests", [False, True])
def test_exact_duplicates_are_told_whether_digests_are_known_or_not(check, digests):
    png = picture("PNG", (100, 100))
    almost = png[:700] + bytes([png[700] ^ 1]) + png[701:]
    files = {"a.png": png, "b.png": png, "c.png": picture("PNG", (90, 100)), "LICENSE": b"x" * 2000, "L2": b"x" * 2000}
    found = check({**files, "d.png": almost}, digests=digests)
    assert [(finding.code, finding.path) for finding in found] == [("duplicate", "b.png")]
    assert "a.png" in found[0].message


def test_large_files_that_look_the_same_are_told_as_such(check, monkeypatch):
    from delivery.intake import twins

    monkeypatch.setattr(twins, "_MOST_READ", 1000)
    png = picture("PNG", (100, 100))
    (found,) = check({"a.png": png, "b.png": png})
    assert found.code == "duplicate" and "first, middle and last bytes of a.png" in found.message


@pytest.mark.parametrize("name", [".env", "prod.env", "id_rsa", "server.p12", ".env.production", "wallet.dat"])
def test_files_of_credentials(check, codes, name):
    assert "secret-file" in codes(check({name: b"x", "sub.zip": zipped({f"deep/{name}": b"x"})}), name)
    assert "secret-file" in codes(check({}), "sub.zip")


def test_settings_whose_name_only_starts_with_a_dot_are_read_as_such(check, codes):
    assert "secret-in-text" in codes(check({".npmrc": b"registry_password = kX9#mP2vQ7tL4wZr\n"}))


@pytest.mark.parametrize("name", [".env.example", "id_rsa.pub", "environment.ts"])
def test_files_that_only_look_like_credentials(check, codes, name):
    assert "secret-file" not in codes(check({name: b"x"}))


def test_a_version_history_is_one_finding(check):
    found = check({"site/.git/HEAD": b"ref", "site/.git/objects/ab/cd": b"x", "site/index.html": b"<p>"})
    assert [(finding.code, finding.path) for finding in found] == [("private-folder", "site/.git")]


@pytest.mark.parametrize("name", ["mail me@studio.com.txt", "call +49 170 1234567.txt", "jane at gmail dot com.txt"])
def test_contact_details_in_names_matter_on_marketplaces(check, codes, name):
    assert "contact-in-name" in codes(check({name: b"x"}, MARKET))
    assert codes(check({})) == set()


@pytest.mark.parametrize("name", ["call_555-123-4567.txt", "phone 2026 1234567.txt", "tel-4917012345678.txt"])
def test_numbers_beside_a_word_for_them_are(check, codes, name):
    assert "contact-in-name" in codes(check({name: b"x"}, MARKET))


@pytest.mark.parametrize(
    "name",
    [
        "icon@2x.png", "20260115_123456.txt", "IMG_20260115123456.txt", "1920x1080@60.txt",
        "mobile_20260115.png", "call_2026-01-15_093000.txt", "Cell 2026.01.15 results.txt",
    ],
)  # fmt: skip
def test_numbers_and_scales_are_no_contact_details(check, codes, name):
    assert "contact-in-name" not in codes(check({name: picture("PNG")}, MARKET))


def test_words_in_names_that_marketplaces_hold_back_are_told_and_never_block(check, codes):
    found = check({"payment-icons.txt": b"x", "play-icons.txt": b"x"}, MARKET)
    told = [finding for finding in found if finding.code == "word-in-name"]
    assert [(finding.path, finding.severity) for finding in told] == [("payment-icons.txt", Severity.INFO)]
    assert "word-in-name" not in codes(check({"payment-icons.txt": b"x"}))


def test_unfinished_downloads(check, codes):
    assert "unfinished-download" in codes(check({"movie.mp4.crdownload": b"x"}))


def test_left_out_junk_is_listed(check):
    found = check({".DS_Store": b"x", "a.txt": b"y"})
    assert [(finding.code, finding.path, finding.severity) for finding in found] == [
        ("left-out", ".DS_Store", Severity.INFO)
    ]


def test_a_zip_that_leads_out_of_its_folder(check, codes):
    assert "hostile-archive" in codes(check({"a.zip": zipped({"../../etc/passwd": b"x"})}))


def test_a_broken_zip64_directory(check, codes):
    data = zipped({"a.txt": b"x"})
    at = data.rindex(b"PK\x05\x06")
    broken = data[: at + 12] + struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF) + data[at + 20 :]
    assert codes(check({"a.zip": broken})) == {"damaged"}
