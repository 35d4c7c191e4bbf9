"""What a manifest may ask for: nothing outside the folder, nothing that some system cannot hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.origin import manifest_of, record_of

from delivery.errors import DeliveryError, IntegrityError, UsageError
from delivery.fetching.units import Output, units
from delivery.packing.manifest_reader import Manifest, parse

URL = "https://store.example.com/k?X-Amz-Signature=5ec7e7"


def part(filename: str, data: bytes, kind: str = "as-is", **more: Any) -> dict[str, Any]:
    record = record_of(filename, data)
    return {"filename": filename, "kind": kind, "size": record["size"], "sha256": record["sha256"], "url": URL, **more}


def manifest(parts: list[Mapping[str, Any]], files: list[Mapping[str, Any]]) -> Manifest:
    return parse(json.dumps(manifest_of(parts, files, "Work")), Path("m"), "m")


@pytest.fixture
def work() -> Manifest:
    return manifest(
        [part("Work.zip", b"zip", "archive"), part("film.mov", b"film"),
         part("b.mov.001", b"12", "volume", file="raw/b.mov", order=1, of=2),
         part("b.mov.002", b"34", "volume", file="raw/b.mov", order=2, of=2, offset=2)],
        [record_of("logo/a.SVG", b"a", "Work.zip"), record_of("logo/b.png", b"b", "Work.zip"),
         record_of("takes/film.mov", b"film", "film.mov"),
         record_of("raw/b.mov", b"1234", "b.mov.001") | {"parts": ["b.mov.001", "b.mov.002"]}],
    )  # fmt: skip


def names(made: Any) -> list[list[str]]:
    return [[output.name for output in unit.outputs] for unit in made]


def test_as_sent_it_is_the_parts_and_unpacked_the_files_in_their_folders(work: Manifest) -> None:
    assert names(units(work)) == [["Work.zip"], ["film.mov"], ["b.mov.001"], ["b.mov.002"]]
    assert names(units(work, unpack=True)) == [["logo/a.SVG", "logo/b.png"], ["takes/film.mov"], ["raw/b.mov"]]
    (*_, joined) = units(work, unpack=True)
    assert [item.filename for item in joined.parts] == ["b.mov.001", "b.mov.002"]
    assert joined.outputs == (Output("raw/b.mov", 4, record_of("x", b"1234")["sha256"]),)


@pytest.mark.parametrize(
    ("only", "as_sent", "unpacked"),
    [
        (["*.svg"], [["Work.zip"]], [["logo/a.SVG"]]),
        (["logo/*"], [["Work.zip"]], [["logo/a.SVG", "logo/b.png"]]),
        ([r"logo\*"], [["Work.zip"]], [["logo/a.SVG", "logo/b.png"]]),
        (["work.zip"], [["Work.zip"]], [["logo/a.SVG", "logo/b.png"]]),
        (["*.mov"], [["film.mov"], ["b.mov.001"], ["b.mov.002"]], [["takes/film.mov"], ["raw/b.mov"]]),
        (["b.mov.001"], [["b.mov.001"]], [["raw/b.mov"]]),
        (["*.png", "film*"], [["Work.zip"], ["film.mov"]], [["logo/b.png"], ["takes/film.mov"]]),
    ],
)
def test_only_takes_what_carries_a_match(
    work: Manifest, only: list[str], as_sent: list[list[str]], unpacked: list[list[str]]
) -> None:
    assert names(units(work, only=only)) == as_sent
    assert names(units(work, only=only, unpack=True)) == unpacked


def test_a_zip_that_is_unpacked_in_part_must_still_be_right_as_a_whole(work: Manifest) -> None:
    (unit,) = units(work, only=["*.svg"], unpack=True)
    assert [member.path for member in unit.members or ()] == ["logo/a.SVG", "logo/b.png"]


def test_a_pattern_may_be_written_with_decomposed_letters() -> None:
    work = manifest([part("Café.pdf", b"x")], [record_of("Café.pdf", b"x")])
    for only in ("cafe\u0301*", "CAFE\u0301.PDF"):
        assert names(units(work, only=[only])) == [["Café.pdf"]]


def test_a_name_with_brackets_is_named_as_it_stands() -> None:
    work = manifest([part("Final [v2].mov", b"x"), part("b.txt", b"y")], [
        record_of("takes/Final [v2].mov", b"x", "Final [v2].mov"), record_of("b.txt", b"y"),
    ])  # fmt: skip
    for only in ("final [v2].mov", "takes/Final [v2].mov", "*[[]v2].mov"):
        assert names(units(work, only=[only])) == [["Final [v2].mov"]]


def test_nothing_that_matches_is_told_with_what_there_is(work: Manifest) -> None:
    with pytest.raises(UsageError) as failed:
        units(work, only=["*.psd"])
    assert "logo/a.SVG" in failed.value.hint


HOSTILE = [
    "../x", "..", "/etc/passwd", "a/../../x", "C:\\x", "C:x", "\\\\host\\share", "a\\b", "a/./b", "a//b", "a/", "CON",
    "nul.txt", "com1", "LPT9.x", "x.", "x ", "a\x00b", "a\nb", "a\x1bb", "a\x7fb", "a\x85b", "a:b", "a*b", "a?b", "a|b",
    'a"b', "a<b", ".", "",
    "e\u0301", "x" * 300, ".delivery-unfinished-fetch", ".Delivery-Unfinished-x",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_name_becomes_a_path(name: str) -> None:
    with pytest.raises(DeliveryError) as failed:
        units(manifest([part(name, b"x")], [record_of(name, b"x")]))
    assert failed.value.exit_code == 7
    assert "\x1b" not in str(failed.value)


@pytest.mark.parametrize("name", [*HOSTILE, "a/con", "a/b../c", "../../a.txt", ".delivery-unfinished-fetch/lock"])
def test_no_hostile_path_becomes_one_either(name: str) -> None:
    with pytest.raises(IntegrityError):
        units(manifest([part("a.zip", b"x", "archive")], [record_of(name, b"x", "a.zip")]), unpack=True)


@pytest.mark.parametrize(
    ("one", "other"), [("a.txt", "A.TXT"), ("a.txt", "a.txt"), ("a", "a/b"), ("straße", "STRASSE")]
)
def test_names_that_fall_together_on_some_system_are_refused(one: str, other: str) -> None:
    files = [record_of(one, b"x", "a.zip"), record_of(other, b"y", "a.zip")]
    with pytest.raises(IntegrityError):
        units(manifest([part("a.zip", b"x", "archive")], files), unpack=True)


def test_a_part_that_says_nothing_of_its_file_is_refused() -> None:
    for files in ([], [record_of("b", b"other", "a")], [record_of("b", b"x", "a"), record_of("c", b"x", "a")]):
        with pytest.raises(IntegrityError, match="which file"):
            units(manifest([part("a", b"x")], files), unpack=True)


@pytest.mark.parametrize("unpack", [False, True])
@pytest.mark.parametrize("second", [{"order": 3, "offset": 2}, {"order": 2, "offset": 1}, {"order": 2}])
def test_volumes_with_a_gap_are_refused(second: dict[str, int], unpack: bool) -> None:
    """However they come: the folder that they would lie in would not be a sound one."""
    parts = [
        part("b.001", b"12", "volume", file="b", order=1, of=2),
        part("b.002", b"34", "volume", file="b", of=2, **second),
    ]
    listed = [record_of("b", b"1234") | {"parts": ["b.001", "b.002"]}]
    with pytest.raises(IntegrityError, match="all volumes"):
        units(manifest(parts, listed), unpack=unpack)


@pytest.mark.parametrize("unpack", [False, True])
@pytest.mark.parametrize("carriers", [[], ["lost.zip"], ["a.txt", "lost.zip"]])
def test_a_file_that_no_part_carries_makes_it_unsound(carriers: list[str], unpack: bool) -> None:
    files = [record_of("a.txt", b"x"), record_of("b.txt", b"y") | {"parts": carriers}]
    with pytest.raises(IntegrityError, match=r"lacks what carries b\.txt"):
        units(manifest([part("a.txt", b"x")], files), unpack=unpack)


def test_a_volume_belongs_to_a_file() -> None:
    with pytest.raises(IntegrityError, match="a volume of no file"):
        manifest([part("a.001", b"x", "volume")], [record_of("a", b"x", "a.001")])


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(IntegrityError, match="unknown kind"):
        manifest([part("a", b"x", "virus")], [])


def test_no_link_is_in_a_repr(work: Manifest) -> None:
    assert "5ec7e7" not in repr(work) and "5ec7e7" not in repr(units(work))
