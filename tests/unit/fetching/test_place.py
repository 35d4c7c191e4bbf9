"""The folder: nothing is overwritten, nothing is written through a link, nothing unfinished is left after success."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path
from unittest.mock import Mock

import pytest
from support.junctions import make_junction

from delivery.errors import LocalError
from delivery.fetching.place import WORK, Place, choose
from delivery.fetching.units import Output

posix = pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")


def output(name: str, data: bytes) -> Output:
    return Output(name, len(data), hashlib.sha256(data).hexdigest())


def put(place: Place, name: str, data: bytes) -> Path:
    (place.work / "x").write_bytes(data)
    return place.put(place.work / "x", name)


def test_what_is_put_lies_there_and_nothing_else(tmp_path: Path) -> None:
    with Place(tmp_path / "a" / "out") as place:
        put(place, "deep/down/a.txt", b"1")
        put(place, "b.txt", b"2")
        assert place.has(output("b.txt", b"2"), lambda count: None)
        assert not place.has(output("c.txt", b"2"), lambda count: None)
        assert not place.has(output("b.txt/c.txt", b"2"), lambda count: None)
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert found == ["a/out/b.txt", "a/out/deep/down/a.txt"]


@pytest.mark.parametrize("other", [b"22", b"3"])
def test_another_file_of_that_name_is_never_overwritten(tmp_path: Path, other: bytes) -> None:
    (tmp_path / "b.txt").write_bytes(other)
    with pytest.raises(LocalError, match="exists already"), Place(tmp_path) as place:
        place.has(output("b.txt", b"2"), lambda count: None)
    with pytest.raises(LocalError, match="exists already"), Place(tmp_path) as place:
        put(place, "b.txt", b"2")
    assert (tmp_path / "b.txt").read_bytes() == other


def test_what_is_removed_in_the_end_is_not_another_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, refused = shutil.rmtree, []

    def removing(*given: object, **more: object) -> None:
        with pytest.raises(LocalError, match="another run") as caught:
            Place(tmp_path / "out").__enter__()
        refused.append(caught.value.code)
        real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(shutil, "rmtree", removing)
    with Place(tmp_path / "out") as place:
        put(place, "a.txt", b"1")
    assert refused == ["out-in-use"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.txt"]


@posix
def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "way").symlink_to(outside)
    (out / "file").symlink_to(outside / "file")
    for name in ("way/a.txt", "way/deep/a.txt"):
        with pytest.raises(LocalError, match="a link to another place"), Place(out) as place:
            put(place, name, b"1")
    with pytest.raises(LocalError, match="exists already"), Place(out) as place:
        put(place, "file", b"1")
    assert list(outside.iterdir()) == []
    (out / WORK).symlink_to(outside)
    with pytest.raises(LocalError, match="a link to another place"):
        Place(out).__enter__()


def test_nothing_is_written_through_a_junction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    out.mkdir()
    make_junction(out / "way", outside, monkeypatch)
    with pytest.raises(LocalError, match="a link to another place"), Place(out) as place:
        put(place, "way/deep/a.txt", b"1")
    assert list(outside.iterdir()) == [] and not (out / "way" / "deep").exists()


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    for place in (tmp_path / "f", tmp_path / "f" / "g"):
        with pytest.raises(LocalError):
            Place(place).__enter__()


def test_a_failure_keeps_what_can_be_gone_on_with_and_leaves_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Place(tmp_path / "out") as place:
        (place.work / "k.part").write_bytes(b"half")
        raise ZeroDivisionError
    assert (tmp_path / "out" / WORK / "k.part").exists()
    with Place(tmp_path / "out"):
        pass
    assert not (tmp_path / "out").exists()


def test_a_disk_that_has_gone_hides_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system in user space refuses even to look and to close, once its program has ended."""
    gone, close = Mock(side_effect=OSError(errno.ENOTCONN, "not connected")), os.close

    def closing(descriptor: int) -> None:
        close(descriptor)
        gone()

    with pytest.raises(ZeroDivisionError), monkeypatch.context() as patched, Place(tmp_path / "out") as place:
        (place.work / "k.part").write_bytes(b"half")
        patched.setattr(os, "close", closing)
        patched.setattr(Path, "glob", gone)
        patched.setattr(Path, "exists", gone)
        raise ZeroDivisionError
    assert (tmp_path / "out" / WORK / "k.part").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no file that is open")
def test_a_disk_that_keeps_what_is_open_keeps_it_no_longer_than_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS and file systems in user space hide a removed file that is open, so its folder cannot be removed yet."""

    def removing(folder: Path, **more: object) -> None:
        for path in folder.iterdir():
            path.unlink()

    monkeypatch.setattr(shutil, "rmtree", removing)
    with Place(tmp_path) as place:
        put(place, "a.txt", b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_folders_that_were_made_for_nothing_go_with_it(tmp_path: Path) -> None:
    out = tmp_path / "own" / "a" / "b"
    (tmp_path / "own").mkdir()
    with pytest.raises(ZeroDivisionError), Place(out):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.rglob("*")] == ["own"]
    with pytest.raises(ZeroDivisionError), Place(out) as place:
        (place.work / "k.part").write_bytes(b"half")
        raise ZeroDivisionError
    with Place(out) as place:  # another run, which goes on and ends with nothing
        (out.parent / "the user's").touch()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "own", "the user's"]


def test_an_empty_folder_of_the_users_own_stays(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Place(tmp_path) as place:
        (place.work / "k.part").write_bytes(b"half")
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), Place(tmp_path) as place:
        (place.work / "k.part").unlink()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_new_or_that_of_the_same_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    marks = memoryview(b"{}")
    assert choose("Work", marks) == Path("Work")
    Path("Work").mkdir()
    assert choose("Work", marks) == Path("Work (2)")
    Path("Work (2)", WORK).mkdir(parents=True)
    Path("Work (2)", WORK, "delivery-manifest.json").write_bytes(b"{}")
    assert choose("Work", marks) == Path("Work (2)")
    assert choose("Work", memoryview(b"[]")) == Path("Work (3)")
    Path("Work", "delivery-manifest.json").write_bytes(b"{}")
    assert choose("Work", marks) == Path("Work")
    assert choose("Work", marks, "delivery-manifest (2).json") == Path("Work (2)")
    for hostile in ("../x", "/etc", "CON", "a\x00b", ""):
        made = choose(hostile, marks)
        assert len(made.parts) == 1 and made.name not in ("..", ".", "CON", "")
