"""The tool's own folders: private, and no folder of others is changed."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery import places
from delivery.errors import ConfigError
from delivery.ledger import Ledger
from delivery.storage.local_state import Folder

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_home_moves_every_folder() -> None:
    environ, home = {"DELIVERY_HOME": "/somewhere"}, Path("/somewhere").absolute()
    assert places.config_dir(environ) == places.data_dir(environ) == home
    assert places.state_dir(environ) == home / "state"


@pytest.mark.parametrize("given, meant", [("here/.delivery", Path("here/.delivery")), ("~/kept", Path.home() / "kept")])
def test_a_home_is_absolute_however_it_is_given(given: str, meant: Path) -> None:
    assert places.data_dir({"DELIVERY_HOME": given}) == meant.absolute()


@pytest.mark.parametrize(
    "number, told",
    [
        (errno.ENOSPC, "make room"),
        (errno.EACCES, "permissions"),
        (errno.EROFS, "permissions"),
        (errno.ENOLCK, "know no locks"),
        (errno.ENOTSUP, "know no locks"),
    ],
)
def test_what_to_do_fits_what_the_disk_said(number: int, told: str) -> None:
    hint = places.remedy(OSError(number, os.strerror(number)))
    assert told in hint and "DELIVERY_HOME" in hint


def test_without_a_home_it_is_said_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def newer(*_: object, **__: object) -> Path:
        raise RuntimeError("could not determine the home directory for '~/.config'")

    def older(*_: object, **__: object) -> Path:
        return Path("~/.config/delivery")

    for answer in (newer, older):
        for kind in ("config", "data", "state"):
            monkeypatch.setattr(f"platformdirs.user_{kind}_path", answer)
        for folder in (places.config_dir, places.data_dir, places.state_dir):
            with pytest.raises(ConfigError) as caught:
                folder({})
            assert caught.value.code == "no-home" and "DELIVERY_HOME" in caught.value.hint
            assert folder({"DELIVERY_HOME": "/somewhere"}).is_relative_to(Path("/somewhere").absolute())


@posix
def test_what_is_missing_is_made_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    for make, folder in ((places.made_dir, tmp_path / "a" / "b"), (places.private_dir, Path("c") / "d")):
        assert make(folder) == make(folder) == folder
        assert mode(folder) == mode(folder.parent) == 0o700
    assert mode(tmp_path) == 0o755


@posix
def test_a_folder_of_our_own_that_is_exposed_is_made_private_again(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "ours").mkdir(mode=0o755)
    places.private_dir(tmp_path / "ours")
    assert (mode(tmp_path / "ours"), mode(tmp_path)) == (0o700, 0o755)


@posix
@pytest.mark.parametrize("shared", [0o1777, 0o755])
def test_a_shared_home_stays_shared_and_what_lies_in_it_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: int
) -> None:
    tmp_path.chmod(shared)
    monkeypatch.setenv("DELIVERY_HOME", str(tmp_path))
    Ledger(places.data_dir()).list(now=datetime.now(UTC))
    Folder.usual()
    places.private_dir(places.state_dir() / "uploads")
    assert mode(tmp_path) == shared
    for path in tmp_path.iterdir():
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for make in (places.made_dir, places.private_dir):
        with pytest.raises(OSError):
            make(tmp_path / "file")
        with pytest.raises(OSError):
            make(tmp_path / "file" / "below")
