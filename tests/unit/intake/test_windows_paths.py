from __future__ import annotations

import pytest

from delivery.intake import windows_paths


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("C:\\work\\a.txt", "C:\\work\\a.txt"),
        (f"C:\\work/{'a' * 250}", f"\\\\?\\C:\\work\\{'a' * 250}"),
        (f"\\\\nas\\job\\{'a' * 250}", f"\\\\?\\UNC\\nas\\job\\{'a' * 250}"),
        (f"\\\\?\\C:\\{'a' * 250}", f"\\\\?\\C:\\{'a' * 250}"),
    ],
)
def test_a_long_path_of_windows_takes_its_long_form(monkeypatch: pytest.MonkeyPatch, path: str, reached: str) -> None:
    monkeypatch.setattr(windows_paths, "_ON_WINDOWS", True)
    assert windows_paths.reachable(path) == reached
    assert windows_paths.plain(reached) == path.removeprefix("\\\\?\\").replace("/", "\\")
