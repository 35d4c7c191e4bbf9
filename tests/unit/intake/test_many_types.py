from __future__ import annotations

from pathlib import Path

import pytest
from support.corpus import begin_noise, good, noise

from delivery.errors import Cancelled
from delivery.intake import many_types, types
from delivery.intake.many_types import type_in_place
from delivery.model import FileEntry
from delivery.progress import CancelToken, NullProgress, RecordingProgress

EXR = b"\x76\x2f\x31\x01\x02\x00\x00\x00"


@pytest.fixture(autouse=True)
def _the_same_noise() -> None:
    begin_noise()


def entries(folder: Path, files: dict[str, bytes]) -> list[FileEntry]:
    made = []
    for name, data in files.items():
        path = folder / name
        path.write_bytes(data)
        made.append(FileEntry(str(path), name, len(data), path.stat().st_mtime_ns))
    return made


def typed(found: list[FileEntry]) -> list[str]:
    type_in_place(found, NullProgress(), CancelToken())
    return [entry.media_type for entry in found]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was shown to libmagic."""
    shown: list[bytes] = []
    real = types.media_type_of

    def media_type_of(head: bytes) -> str:
        shown.append(head)
        return real(head)

    monkeypatch.setattr(types, "media_type_of", media_type_of)
    return shown


def test_each_file_gets_the_type_that_it_has_alone(tmp_path: Path) -> None:
    found = entries(tmp_path, {name: data for name, data in good().items() if "/" not in name})
    assert typed(list(found)) == [types.media_type(entry.path, entry.size) for entry in found]


def test_signatures_that_leave_no_doubt_agree_with_libmagic() -> None:
    for name, data in good().items():
        told = types.plain_type("no-extension", data[: types.HEAD])
        assert told in (None, types.media_type_of(data[: types.HEAD])), name


def test_a_text_that_speaks_of_pdf_is_no_pdf(tmp_path: Path) -> None:
    assert typed(entries(tmp_path, {"tool.py": b'if head.startswith(b"%PDF-"):\n    pass\n'})) == ["text/x-python"]


def test_of_many_bytes_that_nobody_knows_only_some_are_asked(tmp_path: Path, asked: list[bytes]) -> None:
    found = entries(tmp_path, {f"{n}.dat": b"\0" + noise(300) for n in range(60)})
    assert typed(found) == ["application/octet-stream"] * 60
    assert len(asked) == many_types._ASKED


def test_files_of_one_kind_are_asked_again_where_one_begins_otherwise(tmp_path: Path, asked: list[bytes]) -> None:
    files = {f"{n:03}.exr": EXR + noise(100) for n in range(60)} | {"999.exr": b"\0\1\0\1" + noise(100)}
    assert typed(entries(tmp_path, files)) == ["image/x-exr"] * 60 + ["application/octet-stream"]
    assert len(asked) == many_types._ASKED + 1


def test_a_signature_among_unknown_bytes_is_seen(tmp_path: Path) -> None:
    files = {f"{n:03}.dat": b"\0" + noise(300) for n in range(40)}
    files["zz.dat"] = b"\x89PNG\r\n\x1a\n" + noise(300)
    files["zzz.dat"] = b"fLaC" + noise(300)
    assert typed(entries(tmp_path, files))[-2:] == ["image/png", "audio/flac"]


def test_where_the_first_ones_differ_all_are_asked(tmp_path: Path, asked: list[bytes]) -> None:
    files = {f"{n:03}.dat": (EXR if n % 2 else b"\0\1\0\1") + noise(100) for n in range(50)}
    assert typed(entries(tmp_path, files)) == ["application/octet-stream", "image/x-exr"] * 25
    assert len(asked) == 50


def test_progress_counts_each_file_once_and_a_cancel_is_heard(tmp_path: Path) -> None:
    found = entries(tmp_path, {f"{n}.dat": b"\0" + noise(30) for n in range(30)} | {"a.txt": b"hello", "e.bin": b""})
    progress, cancel = RecordingProgress(), CancelToken()
    type_in_place(found, progress, cancel)
    assert progress.tasks[0].done == len(found)
    cancel.cancel()
    with pytest.raises(Cancelled):
        type_in_place(found, progress, cancel)
