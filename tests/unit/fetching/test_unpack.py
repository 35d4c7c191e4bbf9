"""Zips against the manifest's list: exactly that comes out, and nothing is written beside."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from support import hostile_archives
from support.corpus import zipped
from support.origin import record_of

from delivery.errors import IntegrityError
from delivery.fetching.unpack import join, unpack
from delivery.intake.readers.zips import BOMB_SIZE
from delivery.packing.crew import Crew
from delivery.packing.manifest_reader import FileRecord
from delivery.progress import CancelToken

CREW = Crew(CancelToken())
TEXT = b"a line of text\n" * 200_000


def record(path: str, data: bytes) -> FileRecord:
    made = record_of(path, data)
    return FileRecord(path, made["size"], made["sha256"], ("a.zip",))


def unpacked(
    tmp_path: Path, archive: bytes, files: list[FileRecord], wanted: set[str] | None = None
) -> dict[str, bytes]:
    (tmp_path / "a.zip").write_bytes(archive)
    folder = tmp_path / "in"
    folder.mkdir()
    names = {item.path for item in files} if wanted is None else wanted
    made = unpack(tmp_path / "a.zip", "a.zip", files, names, folder, CREW)
    assert {path.parent for path in made.values()} <= {folder}
    return {name: path.read_bytes() for name, path in made.items()}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_exactly_the_files_come_out(tmp_path: Path, method: int) -> None:
    members = {"a/text.txt": TEXT, "größe.bin": os.urandom(3_000_000), "empty": b""}
    files = [record(name, data) for name, data in members.items()]
    assert unpacked(tmp_path, zipped(members, method), files) == members


def test_of_those_that_are_wanted(tmp_path: Path) -> None:
    members = {"a": b"1", "b": b"2"}
    assert unpacked(tmp_path, zipped(members), [record(n, d) for n, d in members.items()], {"b"}) == {"b": b"2"}


def test_thousands_of_files_are_within_its_means(tmp_path: Path) -> None:
    members = {f"{number:05}": b"" for number in range(21_000)} | {"last": b"last"}
    files = [record(name, data) for name, data in members.items()]
    assert unpacked(tmp_path, zipped(members, zipfile.ZIP_STORED), files, {"last"}) == {"last": b"last"}


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"a": b"1", "b": b"2"}, "b, which is not in the manifest"),
        ({"a": b"1", "../b": b"2"}, r"\.\./b, which is not in the manifest"),
        ({"a": b"1", "/etc/b": b"2"}, "/etc/b, which is not in the manifest"),
        ({"a": b"1", "a/": b""}, "a/, which is not in the manifest"),
        ({}, "a is missing"),
        ({"a": b"22"}, "a is of another size"),
        ({"a": b"2"}, "a in it is not the file that was sent"),
    ],
)
def test_what_is_not_as_listed_is_refused(tmp_path: Path, members: dict[str, bytes], why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        unpacked(tmp_path, zipped(members), [record("a", b"1")])


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    archive = hostile_archives.archive(
        (b"a", hostile_archives.packed(b"1"), 1), (b"a", hostile_archives.packed(b"2"), 1)
    )
    with pytest.raises(IntegrityError, match="twice"):
        unpacked(tmp_path, archive, [record("a", b"1"), record("b", b"2")])


def test_a_link_in_it_is_refused(tmp_path: Path) -> None:
    archive = hostile_archives.archive((b"a", hostile_archives.packed(b"target"), 6), mode=0o120777)
    with pytest.raises(IntegrityError, match="is a link"):
        unpacked(tmp_path, archive, [record("a", b"target")])


def test_a_member_that_is_longer_than_it_says_is_cut_and_refused(tmp_path: Path) -> None:
    archive = hostile_archives.archive((b"a", hostile_archives.packed(bytes(100_000_000)), 10))
    with pytest.raises(IntegrityError, match="not the file that was sent"):
        unpacked(tmp_path, archive, [record("a", bytes(10))])
    assert sum(path.stat().st_size for path in (tmp_path / "in").iterdir()) <= 10


def test_a_bomb_is_refused_even_where_the_manifest_says_so_too(tmp_path: Path) -> None:
    size = 2 * BOMB_SIZE
    archive = hostile_archives.archive((b"a", hostile_archives.packed(bytes(1000)), size))
    with pytest.raises(IntegrityError, match="it would unpack from"):
        unpacked(tmp_path, archive, [FileRecord("a", size, "0" * 64, ("a.zip",))])
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize("name", hostile_archives.MAKERS)
def test_no_hostile_archive_gets_further(tmp_path: Path, name: str) -> None:
    with pytest.raises(IntegrityError):
        unpacked(tmp_path, hostile_archives.MAKERS[name](), [record("a.txt", b"hello")])
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 100])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(IntegrityError):
        unpacked(tmp_path, data, [record("a", b"1")])


@pytest.mark.parametrize("at", [40, 45, 60])
def test_damage_in_the_packed_bytes_is_found(tmp_path: Path, at: int) -> None:
    archive = bytearray(zipped({"a": os.urandom(500)}))
    archive[at] ^= 0xFF
    with pytest.raises(IntegrityError):
        unpacked(tmp_path, bytes(archive), [record("a", os.urandom(500))])


def test_joined_volumes_are_compared_as_a_whole(tmp_path: Path) -> None:
    whole = record_of("b", b"1234")
    for name, data in (("1", b"12"), ("2", b"34")):
        (tmp_path / name).write_bytes(data)
    join([tmp_path / "1", tmp_path / "2"], "b", 4, whole["sha256"], tmp_path / "b", CREW)
    assert (tmp_path / "b").read_bytes() == b"1234"
    with pytest.raises(IntegrityError, match="joined"):
        join([tmp_path / "2", tmp_path / "1"], "b", 4, whole["sha256"], tmp_path / "b", CREW)
