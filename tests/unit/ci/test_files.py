"""Files that hold links are private whatever was there before; what a service reads along is added to."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.ci import files
from delivery.errors import LocalError

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and pipes of POSIX")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


@posix
def test_a_file_that_anybody_could_read_is_private_before_anything_is_written(place: Path) -> None:
    place.write_text("before")
    place.chmod(0o644)

    def pieces() -> Iterator[str]:
        assert (place.read_text(), place.stat().st_mode & 0o777) == ("", 0o600)
        yield "links"

    files.write(str(place), pieces())
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("links", 0o600)


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_the_file_behind_it_is_private(place: Path, tmp_path: Path, there: bool) -> None:
    kept = tmp_path / "kept.json"
    if there:
        kept.touch(0o644)
    place.symlink_to(kept)
    files.write(str(place), ["links"])
    assert place.is_symlink()
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("links", 0o600)


@posix
def test_a_file_system_without_modes_is_written_to(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchmod", refuse)
    files.write(str(place), ["links"])
    assert place.read_text() == "links"


@posix
def test_a_pipe_is_written_to(place: Path) -> None:
    os.mkfifo(place)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(place.read_text()), daemon=True)
    reader.start()
    files.write(str(place), ["li", "nks"])
    reader.join(10)
    assert read == ["links"] and place.is_fifo()


def test_a_shorter_text_leaves_nothing_of_a_longer_one_and_folders_are_made(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b.json"
    for text in ("a longer one", "short"):
        files.write(str(place), [text])
        assert place.read_text() == text
    with pytest.raises(LocalError, match="cannot be written"):
        files.write(str(place.parent), ["text"])


def test_what_the_service_reads_along_is_added_to(place: Path) -> None:
    place.write_text("before\n")
    mode = place.stat().st_mode
    files.append(str(place), "after\n")
    assert (place.read_text(), place.stat().st_mode) == ("before\nafter\n", mode)


def test_a_folder_in_its_place_is_told_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(LocalError) as caught:
        files.foresee(str(tmp_path))
    assert caught.value.code == "report-file"
