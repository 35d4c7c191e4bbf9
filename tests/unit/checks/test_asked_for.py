"""What is only looked for when asked: --since, --expect, --deep."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import warnings
import zipfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image, ImageFile
from support import corpus

from delivery.checks import wrong
from delivery.intake import deep
from delivery.intake.observation import Seen
from delivery.progress import CancelToken
from delivery.values import parse_day


def png() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(out, "PNG")
    return out.getvalue()


def flipped(data: bytes, at: float = 0.5) -> bytes:
    place = int(len(data) * at)
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


def test_files_older_than_the_order_are_told(check, codes, tmp_path):
    check({"old.txt": b"x", "new.txt": b"y"})
    os.utime(tmp_path / "work" / "old.txt", (1_700_000_000, 1_700_000_000))
    found = check({}, since=datetime(2024, 1, 1, tzinfo=UTC))
    assert [(item.code, item.path) for item in found] == [("older-than-order", "old.txt")]
    assert "2023-11-14" in found[0].message


def test_a_file_from_before_1970_is_told(check, tmp_path, monkeypatch):
    class OnWindows(datetime):
        @classmethod
        def fromtimestamp(cls, timestamp, tz=None):
            if timestamp < 0:
                raise OSError(22, "Invalid argument")
            return super().fromtimestamp(timestamp, tz)

    monkeypatch.setattr(wrong, "datetime", OnWindows)
    check({"old.txt": b"x"})
    os.utime(tmp_path / "work" / "old.txt", (-86_400, -86_400))
    found = check({}, since=datetime(2024, 1, 1, tzinfo=UTC))
    assert "1969-12-31" in found[0].message


def test_a_day_is_meant_in_this_machines_zone():
    assert parse_day("2026-01-31").replace(tzinfo=None) == datetime(2026, 1, 31)
    assert parse_day("2026-01-31T10:00:00+05:00") == datetime(2026, 1, 31, 5, tzinfo=UTC)
    with pytest.raises(ValueError, match="2026-01-31"):
        parse_day("yesterday")


def test_what_was_promised_may_be_named_as_windows_does(check):
    assert check({"src/b.md": b"y", "src/c.txt": b"x"}, expect=(r".\src\*.md", r"src\C.txt")) == ()


def test_what_was_promised_and_is_absent_blocks(check):
    found = check({"a.txt": b"x", "src/b.md": b"y"}, expect=("*.txt", "src/*.md", "*.svg"))
    assert [(item.code, item.severity, item.message) for item in found] == [
        ("promised-absent", "error", "no file matches *.svg")
    ]


def test_a_name_with_brackets_that_was_promised_is_there(check):
    files = {"src/Final [v2].txt": b"x", "b.txt": b"y"}
    assert not check(files, expect=("final [v2].txt", "b.txt")) and not check(
        files, expect=("src/Final [v2].txt", "b*")
    )


def test_what_nobody_promised_is_told(check):
    found = check({"a.TXT": b"x", "src/b.md": b"y", "extra.doc": b"{\\rtf1 }"}, expect=("*.txt", "src/"))
    assert [(item.code, item.path) for item in found] == [("not-promised", "extra.doc")]


def test_a_flipped_bit_in_the_middle_is_only_found_deep(check, codes):
    files = {"a.png": flipped(png()), "b.gz": flipped(gzip.compress(os.urandom(300_000)), 0.9)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.bin", bytes(range(256)) * 20)
    files["c.zip"] = flipped(out.getvalue(), 0.4)
    assert codes(check(files)) == set()
    deep = check(files, deep=True)
    assert {(item.code, item.path) for item in deep} == {
        ("damaged", "a.png"),
        ("damaged", "b.gz"),
        ("damaged", "c.zip"),
    }


def test_good_files_pass_deep_too(check):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.bin", bytes(range(256)) * 20)
    pdf = io.BytesIO()
    Image.new("RGB", (50, 50), "red").save(pdf, "PDF")
    files = {"a.png": png(), "b.gz": gzip.compress(b"x" * 3_000_000) + gzip.compress(b"y"), "c.zip": out.getvalue()}
    assert check({**files, "d.pdf": pdf.getvalue()}, deep=True) == ()


@pytest.mark.parametrize("compress", [bz2.compress, gzip.compress, lzma.compress])
@pytest.mark.parametrize("first", [b"short", bytes(11_000_000)], ids=["short", "long"])
def test_every_stream_of_a_file_of_several_is_unpacked(check, codes, compress, first):
    first, second, padding = compress(first), compress(os.urandom(100_000)), bytes(512)
    assert check({"a": first + second + padding, "b": first + padding + second}, deep=True) == ()
    for damaged in (flipped(second), second[:-100]):
        assert codes(check({"a": first + damaged, "b": first}, deep=True)) == {"damaged"}


def test_pictures_are_decoded_by_a_limit_of_our_own(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(png())
    (tmp_path / "b").write_bytes(flipped(png()))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert deep.decode(str(tmp_path / "a"), "png", CancelToken()) is None
    assert deep.decode(str(tmp_path / "b"), "png", CancelToken()).kind is Seen.DAMAGED
    monkeypatch.setattr(deep, "_MOST_PIXELS", 100)
    assert deep.decode(str(tmp_path / "a"), "png", CancelToken()).kind is Seen.UNSEEN


def test_what_belongs_to_the_whole_process_stays_as_it_is_while_pictures_are_decoded(tmp_path):
    def state() -> tuple[object, ...]:
        return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, warnings.filters, warnings.showwarning

    class Watching(CancelToken):
        def check(self) -> None:
            seen.append(state())

    (tmp_path / "a").write_bytes(png())
    before, seen = state(), []
    deep.decode(str(tmp_path / "a"), "png", Watching())
    assert seen == [before] and seen[0][2] is before[2]


@pytest.mark.skipif(find_spec("av") is None, reason="the media extra is not installed")
def test_sound_is_decoded_with_the_media_extra(check, codes):
    import wave

    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(os.urandom(16000))
    sounds = out.getvalue()
    assert check({"a.wav": sounds}, deep=True) == ()
    title = "Café".encode("latin-1")
    tags = b"LIST" + struct.pack("<I", 16) + b"INFOINAM" + struct.pack("<I", len(title)) + title
    length = struct.pack("<I", len(sounds) + len(tags) - 8)
    assert check({"tagged.wav": sounds[:4] + length + sounds[8:] + tags}, deep=True) == ()


def test_without_the_media_extra_it_says_so(check, codes, monkeypatch):
    from delivery.intake import deep

    monkeypatch.setattr(deep, "find_spec", lambda name: None)
    data = b"fLaC\x80\0\0\x22" + bytes(34) + b"\xff\xf8" + bytes(100)
    found = check({"a.flac": data}, deep=True)
    assert [item.code for item in found] == ["not-looked-into"]
    assert "pip install av" in found[0].message


def test_a_media_extra_that_does_not_load_is_said_and_is_no_error(check, codes, monkeypatch, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "av.py").write_text("raise ImportError('DLL load failed while importing _core')")
    for name in [name for name in sys.modules if name.split(".")[0] == "av"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path / "broken")
    found = check({"a.flac": b"fLaC\x80\0\0\x22" + bytes(34) + b"\xff\xf8" + bytes(100)}, deep=True)
    assert [item.code for item in found] == ["not-looked-into"]
    assert "DLL load failed" in found[0].message


@pytest.mark.skipif(find_spec("av") is None, reason="the media extra is not installed")
@pytest.mark.parametrize("name", ["teaser.mp4", "jingle.wav", "cover.jpg", "brochure.pdf"])
def test_real_files_pass_deep_and_do_not_when_they_are_spoilt(check, codes, name):
    data = (Path(__file__).parents[3] / "sample" / name).read_bytes()
    assert "damaged" not in codes(check({name: data}, deep=True))
    spoilt = bytearray(data)
    for at in range(len(data) // 3, len(data) * 2 // 3, 7):
        spoilt[at] ^= 0xFF
    if name not in ("jingle.wav", "brochure.pdf"):  # any bytes are sound; pictures inside PDFs are not decoded
        assert "damaged" in codes(check({name: bytes(spoilt)}, deep=True))
    assert "damaged" in codes(check({name: data[: len(data) // 2]}))


def test_a_zip_with_a_nameless_file_is_looked_at_to_its_end(check):
    packed = bytearray(corpus.zipped({"a.txt": b"x"}).replace(b"a.txt", b""))
    directory, end = packed.index(b"PK\1\2"), packed.index(b"PK\5\6")
    packed[26:28] = packed[directory + 28 : directory + 30] = bytes(2)
    packed[end + 12 : end + 20] = struct.pack("<II", end - directory, directory)
    assert check({"a.zip": bytes(packed)}, deep=True) == ()


def test_a_picture_whose_second_page_has_no_size_is_damaged(check, codes):
    def page(tags: dict[int, int], following: int) -> bytes:
        fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
        return struct.pack("<H", len(tags)) + fields + struct.pack("<I", following)

    whole = {256: 1, 257: 1, 258: 8, 259: 1, 262: 1, 273: 8, 279: 1}
    second = 10 + len(page(whole, 0))
    made = b"II*\0" + struct.pack("<I", 10) + b"x\0" + page(whole, second) + page({256: 1}, 0)
    assert codes(check({"a.tif": made}, deep=True)) == {"damaged"}
