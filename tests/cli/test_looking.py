"""--since, --expect, --deep, --strip and --allow, as a person types them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from support.terminal import Run

GPS = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "work"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x013B] = "Jane Roe"
    exif[0x8825] = GPS
    Image.effect_noise((80, 60), 70).convert("RGB").save(folder / "photo.jpg", exif=exif.tobytes())
    (folder / "notes.md").write_text("# Work\n")
    return folder


def codes(result) -> list[tuple[str, str]]:
    return [(item["code"], item["path"]) for item in result.document["findings"]]


def test_check_tells_the_place_and_the_person(run: Run, work: Path):
    result = run("check", "work", "--json")
    assert result.code == 0
    assert {("gps", "photo.jpg"), ("personal-metadata", "photo.jpg")} <= set(codes(result))


def test_a_variable_with_a_list_is_divided_as_the_configuration_is(run: Run, work: Path, monkeypatch):
    monkeypatch.setenv("DELIVERY_EXPECT", "final mix.wav, *.png")
    monkeypatch.setenv("DELIVERY_ALLOW", "not-promised,promised-absent")
    assert run("check", "work").code == 0
    monkeypatch.delenv("DELIVERY_ALLOW")
    found = run("check", "work", "--json").document["findings"]
    absent = [item["message"] for item in found if item["code"] == "promised-absent"]
    assert absent == ["no file matches final mix.wav", "no file matches *.png"]


def test_expect_blocks_what_is_absent_and_since_tells_what_is_old(run: Run, work: Path):
    os.utime(work / "notes.md", (1_600_000_000, 1_600_000_000))
    result = run("check", "work", "--expect", "*.jpg,*.svg", "--since", "2025-01-01", "--json")
    assert result.code == 3
    assert {("promised-absent", ""), ("not-promised", "notes.md"), ("older-than-order", "notes.md")} <= set(
        codes(result)
    )


def test_a_day_that_is_none_is_explained(run: Run, work: Path):
    result = run("check", "work", "--since", "someday", "--json")
    assert result.code == 2
    assert "2026-01-31" in result.out + result.err


def test_deep_finds_what_framing_does_not_show(run: Run, work: Path):
    out = io.BytesIO()
    Image.effect_noise((200, 200), 90).save(out, "PNG")
    data = bytearray(out.getvalue())
    data[len(data) // 2] ^= 0x55
    (work / "broken.png").write_bytes(data)
    assert ("damaged", "broken.png") not in codes(run("check", "work", "--json"))
    result = run("check", "work", "--deep", "--json")
    assert result.code == 3 and ("damaged", "broken.png") in codes(result)


def test_allow_waives_by_path(run: Run, work: Path):
    result = run("check", "work", "--allow", "gps:*.jpg", "--allow", "personal-metadata:other/*", "--json")
    assert ("gps", "photo.jpg") not in codes(result)
    assert ("personal-metadata", "photo.jpg") in codes(result)


def test_pack_with_strip_delivers_a_cleaned_copy_and_says_so(run: Run, work: Path, home: Path):
    before = (work / "photo.jpg").read_bytes()
    result = run("pack", "work", "--strip", "-o", "out", "--no-progress")
    assert result.code == 0, result.err
    delivered = Path("out/photo.jpg").read_bytes()
    assert b"Jane Roe" in before and b"Jane Roe" not in delivered
    assert (work / "photo.jpg").read_bytes() == before
    assert Image.open(io.BytesIO(delivered)).tobytes() == Image.open(io.BytesIO(before)).tobytes()
    assert "delivered without EXIF: photo.jpg" in result.err
    assert "[gps]" not in result.err


def test_a_dry_run_and_a_check_make_no_copies(run: Run, work: Path, home: Path):
    result = run("pack", "work", "--strip", "--dry-run", "--no-progress")
    assert "a dry run makes no cleaned copies" in result.err and "[gps]" in result.err
    run("check", "work", "--json")
    assert not (home / "state" / "cleaned").exists()


@pytest.mark.parametrize("named", [False, True], ids=["found", "named"])
def test_the_keys_and_records_of_this_tool_are_never_delivered(run: Run, work: Path, monkeypatch, named: bool):
    """As where it is run in the folder of the work, in CI often with a home in there too."""
    settings = work / ("mine.ini" if named else "delivery.ini")
    settings.write_text("[store:mine]\nbucket = b\nendpoint = https://s3.test\n")
    (work / ".home").mkdir()
    (work / ".home" / "ledger.sqlite3").write_bytes(b"other buyers' deliveries")
    monkeypatch.setenv("DELIVERY_HOME", ".home")
    monkeypatch.chdir(work)
    result = run("check", ".", *(["--config", settings.name] if named else []), "--keep-junk", "--json")
    assert [item["name"] for item in result.document["files"]] == ["notes.md", "photo.jpg"]
    assert {("left-out", settings.name), ("left-out", ".home/")} <= set(codes(result))
