"""verify and join: what is there against what was sent."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest
from support.everything import everything
from support.packed import pack

from delivery.errors import IntegrityError, LocalError, UsageError
from delivery.model import Deliverable, FileEntry, Via
from delivery.packing import PlannedJoin, join, verify
from delivery.packing import check as check_module
from delivery.packing.check import Check
from delivery.packing.manifest import checksum_line
from delivery.planning import plan
from delivery.profile import Limits, Profile
from delivery.progress import RecordingProgress

DATA = random.Random(11).randbytes(450_001)
MANIFEST = "delivery-manifest.json"


def deliver(tmp_path: Path, contents: dict[str, bytes], limit: int | None) -> Path:
    entries = []
    for name, data in contents.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        status = path.stat()
        entries.append(FileEntry(str(path), name, status.st_size, status.st_mtime_ns))
    profile = Profile("test", "Test", Limits(limit))
    out = tmp_path / "parts"
    pack(plan(Deliverable("work", tuple(entries)), profile, via=Via.ATTACH), out)
    return out


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    return deliver(tmp_path, {"film.mov": DATA, "notes.txt": b"thank you"}, 100_000)


def test_volumes_join_to_the_same_bytes(parts: Path, tmp_path: Path) -> None:
    joined = join(parts, tmp_path / "out")
    assert [Path(path).name for path in joined.files] == ["film.mov"]
    assert (tmp_path / "out" / "film.mov").read_bytes() == DATA
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["film.mov"]


def test_all_is_well(parts: Path) -> None:
    checked = verify(parts)
    assert (checked.name, checked.files, dict(checked.renamed)) == ("work", 0, {})
    assert checked.parts == len(list(parts.iterdir())) - 2
    assert verify(parts / MANIFEST) == checked


def test_names_that_a_browser_gave_are_recognised_by_content(parts: Path, tmp_path: Path) -> None:
    (parts / "film.mov.002").rename(parts / "film.mov (1).002")
    assert verify(parts).renamed == {"film.mov (1).002": "film.mov.002"}
    join(parts, tmp_path / "out")
    assert (tmp_path / "out" / "film.mov").read_bytes() == DATA


@pytest.mark.parametrize("broken", [lambda good: b"cut off", lambda good: bytes(len(good))], ids=["shorter", "altered"])
def test_a_broken_download_gives_way_to_the_good_one_beside_it(
    broken: Callable[[bytes], bytes], parts: Path, tmp_path: Path
) -> None:
    (parts / "film.mov.002").rename(parts / "film.mov (1).002")
    (parts / "film.mov.002").write_bytes(broken((parts / "film.mov (1).002").read_bytes()))
    assert verify(parts).renamed == {"film.mov (1).002": "film.mov.002"}
    join(parts, tmp_path / "out")
    assert (tmp_path / "out" / "film.mov").read_bytes() == DATA


def test_one_file_under_another_name_does_not_stand_for_two(tmp_path: Path) -> None:
    parts = deliver(tmp_path, {"a.png": DATA, "b.png": DATA}, None)
    (parts / "b.png").unlink()
    (parts / "a.png").rename(parts / "image.png")
    assert problems(parts) == ["b.png is missing"]
    (parts / "image (1).png").write_bytes(DATA)
    assert set(verify(parts).renamed.values()) == {"a.png", "b.png"}


def test_the_joiner_page_need_not_be_there_but_must_be_as_sent(parts: Path) -> None:
    document = json.loads((parts / MANIFEST).read_text(encoding="utf-8"))
    page = {"filename": "JOIN.html", "kind": "joiner", "size": 5, "sha256": "0" * 64, "message": 1}
    document["parts"] = [part for part in document["parts"] if part["kind"] != "joiner"] + [page]
    (parts / MANIFEST).write_text(json.dumps(document), encoding="utf-8")
    (parts / "JOIN.html").unlink(missing_ok=True)
    verify(parts)
    (parts / "JOIN.html").write_bytes(b"12345")
    with pytest.raises(IntegrityError, match=r"JOIN\.html is altered"):
        verify(parts)


def test_the_joiner_page_of_another_delivery_stands_in_nobodys_way(parts: Path, tmp_path: Path) -> None:
    document = json.loads((parts / MANIFEST).read_text(encoding="utf-8"))
    digest = hashlib.sha256(b"12345").hexdigest()
    page = {"filename": "JOIN.html", "kind": "joiner", "size": 5, "sha256": digest, "message": 1}
    document["parts"] = [part for part in document["parts"] if part["kind"] != "joiner"] + [page]
    (parts / MANIFEST).write_text(json.dumps(document), encoding="utf-8")
    (parts / "JOIN.html").write_bytes(b"other")
    assert join(parts, tmp_path / "first").files
    progress = RecordingProgress()
    (parts / "JOIN.html").write_bytes(b"123")
    verify(parts, progress=progress)
    assert progress.notes == ["JOIN.html is not checked: it is another delivery's, or not as it was sent"]
    (parts / "JOIN.html").write_bytes(b"other")
    (parts / "JOIN (1).html").write_bytes(b"12345")
    assert verify(parts).renamed == {"JOIN (1).html": "JOIN.html"}
    assert join(parts, tmp_path / "second").files


def test_a_manifest_that_contradicts_itself_is_not_called_complete(parts: Path) -> None:
    text = (parts / MANIFEST).read_text(encoding="utf-8")
    (parts / MANIFEST).write_text(text.replace('"order": 2', '"order": 3'), encoding="utf-8")
    with pytest.raises(IntegrityError, match="does not name all volumes"):
        verify(parts)


def test_where_nothing_is_in_volumes_a_join_only_verifies(tmp_path: Path) -> None:
    parts = deliver(tmp_path, {"a.txt": b"a"}, None)
    assert join(parts, tmp_path / "out").files == ()
    assert not (tmp_path / "out").exists()


def missing(parts: Path) -> None:
    (parts / "film.mov.003").unlink()


def altered(parts: Path) -> None:
    data = bytearray((parts / "film.mov.003").read_bytes())
    data[5000] ^= 1
    (parts / "film.mov.003").write_bytes(data)


def truncated(parts: Path) -> None:
    (parts / "film.mov.003").write_bytes((parts / "film.mov.003").read_bytes()[:-1])


def too_long(parts: Path) -> None:
    (parts / "film.mov.003").write_bytes((parts / "film.mov.003").read_bytes() + b"x")


def swapped(parts: Path) -> None:
    (parts / "film.mov.003").rename(parts / "x")
    (parts / "film.mov.002").rename(parts / "film.mov.003")
    (parts / "x").rename(parts / "film.mov.002")


@pytest.mark.parametrize("damage", [missing, altered, truncated, too_long, swapped])
def test_damage_is_named_with_exit_code_7_and_nothing_is_made(
    damage: Callable[[Path], None], parts: Path, tmp_path: Path
) -> None:
    damage(parts)
    word = damage.__name__.replace("_", " ")
    for act in (lambda: verify(parts), lambda: join(parts, tmp_path / "out")):
        with pytest.raises(IntegrityError, match=rf"film\.mov\.003.*{word}") as caught:
            act()
        assert caught.value.exit_code == 7
    assert not (tmp_path / "out").exists()


def test_every_problem_is_named_at_once(parts: Path, tmp_path: Path) -> None:
    missing(parts)
    (parts / "film.mov.001").write_bytes(b"")
    (parts / "film.mov.002").write_bytes(bytes(100_000))
    (parts / "work.zip").write_bytes(b"")
    for act in (lambda: verify(parts), lambda: join(parts, tmp_path / "out")):
        with pytest.raises(IntegrityError, match=r"001 is trunc(.|\n)*002 is alt(.|\n)*003 is miss(.|\n)*zip is trunc"):
            act()
    assert not (tmp_path / "out").exists()


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A zip's files beside the manifest, in its stead."""
    contents = {f"dir/{n}.txt": b"text %d" % n for n in range(20)}
    parts = deliver(tmp_path, contents, None)
    (parts / "work.zip").unlink()
    for name, data in contents.items():
        (parts / name).parent.mkdir(exist_ok=True)
        (parts / name).write_bytes(data)
    return parts


def problems(parts: Path) -> list[str]:
    with pytest.raises(IntegrityError) as caught:
        verify(parts)
    return caught.value.message.splitlines()


def test_files_that_were_unpacked_already_stand_for_their_zip(unpacked: Path) -> None:
    assert (verify(unpacked).parts, verify(unpacked).files) == (0, 20)
    (unpacked / "dir/7.txt").write_bytes(b"text 8")
    with pytest.raises(IntegrityError, match=r"dir/7\.txt is altered"):
        verify(unpacked)


def test_of_an_unpacked_zip_each_missing_file_is_named_and_the_rest_compared(unpacked: Path) -> None:
    (unpacked / "dir/3.txt").unlink()
    (unpacked / "dir/5.txt").unlink()
    (unpacked / "dir/7.txt").write_bytes(b"text 8")
    assert problems(unpacked) == [
        "dir/3.txt is missing: it came in work.zip",
        "dir/5.txt is missing: it came in work.zip",
        "dir/7.txt is altered: its SHA-256 is not the one that was sent",
    ]


def test_a_zip_of_which_nothing_is_here_is_missing_itself(unpacked: Path) -> None:
    for path in (unpacked / "dir").iterdir():
        path.unlink()
    assert problems(unpacked) == ["work.zip is missing"]


def test_where_a_part_held_one_file_of_another_name_both_are_named(parts: Path) -> None:
    (parts / "work.zip").unlink()
    volumes = sorted(path.name for path in parts.glob("film.mov.*"))
    for name in volumes:
        (parts / name).unlink()
    assert problems(parts) == [
        *(f"{name} is missing, and so is film.mov" for name in volumes),
        "work.zip is missing, and so is notes.txt",
    ]
    (parts / "film.mov").write_bytes(DATA)
    assert problems(parts) == ["work.zip is missing, and so is notes.txt"]


def test_a_file_whose_part_the_manifest_does_not_list_is_looked_for_itself(parts: Path) -> None:
    document = json.loads((parts / MANIFEST).read_text(encoding="utf-8"))
    kept = [part for part in document["parts"] if part["kind"] != "archive"]
    (parts / MANIFEST).write_text(json.dumps(document | {"parts": kept}), encoding="utf-8")
    assert problems(parts) == ["notes.txt is missing"]
    (parts / "notes.txt").write_bytes(b"thank you")
    assert verify(parts).files == 1


def test_a_manifest_of_files_alone_has_each_of_them_named(parts: Path) -> None:
    document = json.loads((parts / MANIFEST).read_text(encoding="utf-8"))
    (parts / MANIFEST).write_text(json.dumps(document | {"parts": []}), encoding="utf-8")
    (parts / "notes.txt").write_bytes(b"thank you")
    assert problems(parts) == ["film.mov is missing"]


@pytest.fixture
def linked(parts: Path) -> Path:
    """What a delivery by link leaves with the seller: the manifest, and a proof in SHA256SUMS alone."""
    for path in parts.iterdir():
        if path.name != MANIFEST:
            path.unlink()
    document = json.loads((parts / MANIFEST).read_text(encoding="utf-8"))
    document["parts"] = [part for part in document["parts"] if part["kind"] != "joiner"]
    (parts / MANIFEST).write_text(json.dumps(document), encoding="utf-8")
    (parts / "work-proof.pdf").write_bytes(b"%PDF")
    digest = hashlib.sha256(b"%PDF").hexdigest()
    (parts / "SHA256SUMS").write_text(checksum_line("work-proof.pdf", digest), encoding="utf-8", newline="")
    return parts


@pytest.mark.parametrize("proof", [True, False])
def test_a_folder_whose_files_went_by_link_says_so(proof: bool, linked: Path) -> None:
    if not proof:
        (linked / "work-proof.pdf").unlink()
    with pytest.raises(UsageError, match="went by link and are not in") as caught:
        verify(linked)
    assert (caught.value.code, caught.value.exit_code) == ("sent-by-link", 2)
    assert ("work-proof.pdf is as it was made" in caught.value.message) is proof
    assert "delivery fetch LINK" in caught.value.hint


def test_an_altered_proof_beside_it_is_named(linked: Path) -> None:
    (linked / "work-proof.pdf").write_bytes(b"%PDX")
    assert problems(linked) == ["work-proof.pdf is altered: its SHA-256 is not the one in SHA256SUMS"]


def test_what_was_fetched_there_is_checked_as_ever(linked: Path) -> None:
    (linked / "film.mov").write_bytes(DATA)
    assert problems(linked) == ["work.zip is missing, and so is notes.txt"]


@pytest.mark.parametrize("kept", [(MANIFEST,), (MANIFEST, "SHA256SUMS")])
def test_parts_that_were_attached_are_missing_where_none_is_here(kept: tuple[str, ...], parts: Path) -> None:
    for path in parts.iterdir():
        if path.name not in kept:
            path.unlink()
    assert "film.mov.001 is missing, and so is film.mov" in problems(parts)


@pytest.mark.parametrize("text", [b"", b"\xff", b"nonsense\n", b"0" * 64 + b"  ../work-proof.pdf\n"])
def test_checksums_that_say_nothing_do_not_hide_what_is_missing(text: bytes, linked: Path) -> None:
    (linked / "SHA256SUMS").write_bytes(text)
    assert "film.mov.001 is missing, and so is film.mov" in problems(linked)


def test_nothing_is_overwritten_by_a_join(parts: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "film.mov").write_bytes(b"mine")
    with pytest.raises(LocalError) as caught:
        join(parts, tmp_path / "out")
    assert caught.value.code == "out-exists"
    assert (tmp_path / "out" / "film.mov").read_bytes() == b"mine"


def test_a_dry_run_of_a_join_says_what_the_join_then_makes_and_writes_nothing(parts: Path, tmp_path: Path) -> None:
    (parts / "film.mov.002").rename(parts / "film.mov (1).002")
    before = everything(tmp_path)
    told = join(parts, tmp_path / "deep" / "out", dry_run=True)
    assert told.planned == (PlannedJoin(str(tmp_path / "deep" / "out" / "film.mov"), len(DATA), 5),)
    assert (told.files, told.dry_run, told.verified.parts) == ((), True, 0)
    assert dict(told.verified.renamed) == {"film.mov (1).002": "film.mov.002"}
    assert everything(tmp_path) == before
    made = join(parts, tmp_path / "deep" / "out")
    assert made.files == tuple(file.path for file in told.planned) and not made.dry_run
    assert Path(made.files[0]).stat().st_size == told.planned[0].size


def test_a_dry_run_of_a_join_refuses_what_is_missing_cut_off_or_in_the_way(parts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = (parts / "film.mov.003").read_bytes()
    (parts / "film.mov.003").write_bytes(whole[:-1])
    with pytest.raises(IntegrityError, match=r"film\.mov\.003 is truncated"):
        join(parts, out, dry_run=True)
    (parts / "film.mov.003").unlink()
    with pytest.raises(IntegrityError, match=r"film\.mov\.003 is missing"):
        join(parts, out, dry_run=True)
    (parts / "film.mov.003").write_bytes(whole)
    assert not out.exists()
    out.mkdir()
    (out / "film.mov").write_bytes(b"mine")
    with pytest.raises(LocalError) as caught:
        join(parts, out, dry_run=True)
    assert caught.value.code == "out-exists"
    assert [path.name for path in out.iterdir()] == ["film.mov"]


def test_a_dry_run_of_a_join_reads_no_part(parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.packing.check.read_buffer", None)
    assert [file.parts for file in join(parts, tmp_path / "out", dry_run=True).planned] == [5]


def test_a_dry_run_where_nothing_is_in_volumes_plans_nothing(tmp_path: Path) -> None:
    parts = deliver(tmp_path, {"notes.txt": b"thank you"}, None)
    told = join(parts, tmp_path / "out", dry_run=True)
    assert (told.planned, told.files, told.dry_run) == ((), (), True)
    (parts / "notes.txt").unlink()
    with pytest.raises(IntegrityError):
        join(parts, tmp_path / "out", dry_run=True)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a\\..\\b", "C:evil", "..", "a\0b", ""])
def test_a_manifest_that_leads_out_of_its_folder_is_refused(name: str, parts: Path, tmp_path: Path) -> None:
    document = json.loads((parts / MANIFEST).read_text(encoding="utf-8"))
    for record, key in ((document["parts"][0], "filename"), (document["files"][0], "path")):
        kept = record[key]
        record[key] = name
        (parts / MANIFEST).write_text(json.dumps(document), encoding="utf-8")
        with pytest.raises(IntegrityError) as caught:
            join(parts, tmp_path / "out")
        assert caught.value.code == "manifest-broken"
        record[key] = kept
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "other/1"}', '{"schema": "delivery.manifest/1"}', "\xff"])
def test_a_broken_manifest_is_an_integrity_error(text: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(IntegrityError) as caught:
        verify(tmp_path)
    assert caught.value.code == "manifest-broken"


def test_a_missing_manifest_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(LocalError) as caught:
        verify(tmp_path)
    assert caught.value.code == "manifest-missing"


@pytest.mark.parametrize("act", [verify, lambda place: join(place, place.parent / "joined")], ids=["verify", "join"])
def test_a_part_that_cannot_be_read_to_its_end_is_named(
    act: Callable[[Path], object], parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a stick with a bad sector."""

    class Failing(FileIO):
        def readinto(self, buffer: object) -> int:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def opened(path: str, mode: str, buffering: int) -> FileIO:
        return (Failing if path.endswith("film.mov.003") else FileIO)(path)

    monkeypatch.setattr(check_module, "open", opened, raising=False)
    with pytest.raises(LocalError, match=r"film\.mov\.003 cannot be read") as caught:
        act(parts)
    assert caught.value.code == "file-not-readable"
    assert not (parts.parent / "joined").exists()


def test_a_part_that_vanishes_meanwhile_is_named(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = Check._look

    def and_lose_one(self: Check, joined: set[str]) -> object:
        found = look(self, joined)
        (parts / "film.mov.003").unlink()
        return found

    monkeypatch.setattr(Check, "_look", and_lose_one)
    with pytest.raises(LocalError, match=r"film\.mov\.003 is not there any more"):
        verify(parts)
