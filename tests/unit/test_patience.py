"""A file that another program holds for a moment, as Windows tells it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from delivery import patience
from delivery.errors import LocalError
from delivery.fetching.place import Place
from delivery.packing.workspace import Workspace
from delivery.patience import patiently


@pytest.fixture(autouse=True)
def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_TRIES", 3)
    monkeypatch.setattr(patience, "_PAUSE", 0)


def held(times: int, act: Callable[..., Any]) -> Callable[..., Any]:
    """``act`` on a file that is held as often as that before it is let go."""
    left = iter(range(times))

    def once(*arguments: Any, **named: Any) -> Any:
        if next(left, None) is not None:
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        return act(*arguments, **named)

    return once


def test_what_is_let_go_in_time_is_done() -> None:
    assert patiently(held(3, lambda: "done")) == "done"


def test_what_is_held_on_to_and_any_other_error_are_raised() -> None:
    with pytest.raises(PermissionError):
        patiently(held(4, lambda: "done"))
    with pytest.raises(FileNotFoundError):
        patiently(Path("gone").unlink)


def test_what_was_packed_is_handed_over_though_a_scanner_looks_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workspace(tmp_path / "out") as workspace:
        (workspace.folder / "a.zip").write_bytes(b"x")
        monkeypatch.setattr(os, "rename", held(2, os.rename))
        workspace.publish(["a.zip"])
    assert (tmp_path / "out" / "a.zip").read_bytes() == b"x"


def test_what_was_fetched_is_handed_over_though_a_scanner_looks_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Place(tmp_path / "in") as place:
        source = place.work / "a.done"
        source.write_bytes(b"x")
        monkeypatch.setattr(os, "rename", held(2, os.rename))
        place.put(source, "a.zip")
        source.write_bytes(b"y")
        monkeypatch.setattr(os, "rename", held(9, os.rename))
        with pytest.raises(LocalError, match=r"b\.zip cannot be written"):
            place.put(source, "b.zip")
    assert (tmp_path / "in" / "a.zip").read_bytes() == b"x"
