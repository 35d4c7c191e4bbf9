"""Packing that is killed, and packing on a full disk."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.packed import pack

from delivery.errors import LocalError
from delivery.intake import take_in
from delivery.model import Via
from delivery.packing import slices as slices_module
from delivery.packing import verify
from delivery.planning import plan
from delivery.profile import Limits, Profile

SCRIPT = """
import sys
sys.modules["isal"] = None  # in a run out of hundreds it deflates to other sizes, from which another plan may follow
from pathlib import Path
from delivery.intake import take_in
from delivery.model import Via
from delivery.profile import Limits, Profile
from delivery.packing import pack
from delivery.packing.workspace import Workspace
from delivery.planning import plan
source, out = map(Path, sys.argv[1:])
made = plan(take_in([source]), Profile("t", "T", Limits(400_000)), via=Via.ATTACH)
print("ready", flush=True)
with Workspace(out) as workspace:
    pack(made, workspace)
print("done", flush=True)
"""
MANIFEST = "delivery-manifest.json"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    root.mkdir()
    chance = random.Random(4)
    for number in range(120):
        (root / f"{number}.bin").write_bytes(chance.randbytes(chance.randint(100, 60_000)))
        (root / f"{number}.txt").write_bytes(b"word %d " % number * chance.randint(10, 5000))
    (root / "film.mov").write_bytes(chance.randbytes(3_000_000))
    return root


@pytest.mark.heavy
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_run_killed_at_any_moment_leaves_nothing_half_and_the_next_one_succeeds(source: Path, tmp_path: Path) -> None:
    chance = random.Random(9)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    reference = tmp_path / "reference"
    subprocess.run([sys.executable, "-c", SCRIPT, source, reference], check=True, capture_output=True, env=environment)
    whole = {path.name: path.read_bytes() for path in reference.iterdir()}
    killed = unfinished = 0
    duration = 0.4
    for _ in range(50):
        out = tmp_path / "out"
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT, source, out], stdout=subprocess.PIPE, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            started = time.monotonic()
            time.sleep(chance.random() * duration)
            process.send_signal(signal.SIGKILL)
            finished = process.stdout.readline() == b"done\n"
            if finished:
                duration = max(time.monotonic() - started, 0.05)
        killed += not finished
        shown = [path for path in out.iterdir() if not path.name.startswith(".")] if out.exists() else []
        for path in shown:
            assert path.read_bytes() == whole[path.name], "what has a final name is whole"
        if (out / MANIFEST).exists():
            assert {path.name for path in shown} == whole.keys()
            verify(out)
            for path in shown:
                path.unlink()
        unfinished += bool(out.exists() and any(out.iterdir()))
        again = subprocess.run([sys.executable, "-c", SCRIPT, source, out], capture_output=True, env=environment)
        assert again.returncode == 0, again.stderr.decode()
        assert {path.name: path.read_bytes() for path in out.iterdir()} == whole
        verify(out)
        for path in out.iterdir():
            path.unlink()
    assert killed >= 10
    assert unfinished >= 1


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount a tmpfs here")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="needs a tmpfs")
@pytest.mark.parametrize("size", ["100k", "1m", "3m", "6m", "8m"])
@pytest.mark.parametrize("below", ["", "out"])
def test_a_full_disk_is_told_and_nothing_is_left(size: str, below: str, source: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size) as disk:
        out = disk / below
        with pytest.raises(LocalError) as caught:
            pack(plan(take_in([source]), Profile("t", "T", Limits(400_000)), via=Via.ATTACH), out)
        assert (caught.value.code, caught.value.exit_code) == ("disk-full", 4)
        assert caught.value.hint
        assert list(disk.iterdir()) == []


@pytest.mark.parametrize("at", [1, 5, 8])
def test_a_disk_that_fills_while_volumes_are_written(
    at: int, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0

    def write_all(out: object, data: memoryview) -> None:
        nonlocal written
        written += 1
        if written == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(slices_module, "write_all", write_all)
    work = take_in([source / "film.mov"])
    with pytest.raises(LocalError) as caught:
        pack(plan(work, Profile("t", "T", Limits(400_000)), via=Via.ATTACH), tmp_path / "out")
    assert caught.value.code == "disk-full"
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root and Windows write everywhere")
def test_a_folder_that_may_not_be_written_is_told(source: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(LocalError) as caught:
        pack(plan(take_in([source]), Profile("t", "T"), via=Via.ATTACH), tmp_path / "locked" / "out")
    assert caught.value.code == "out-not-writable"


@pytest.mark.parametrize("change", ["append", "truncate", "replace", "remove"])
def test_a_source_that_changes_after_it_was_looked_at_is_refused(change: str, source: Path, tmp_path: Path) -> None:
    made = plan(take_in([source]), Profile("t", "T", Limits(400_000)), via=Via.ATTACH)
    path = source / "film.mov"
    if change == "append":
        with path.open("ab") as stream:
            stream.write(b"x")
    elif change == "truncate":
        os.truncate(path, 10)
    elif change == "replace":
        (source / "new").write_bytes(path.read_bytes())
        (source / "new").replace(path)
    else:
        path.unlink()
    with pytest.raises(LocalError, match=r"film\.mov") as caught:
        pack(made, tmp_path / "out")
    assert caught.value.code == ("file-missing" if change == "remove" else "source-changed")
    assert not (tmp_path / "out").exists()
