"""Plans made real: what lies in the folder, byte for byte."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import pytest
from support.packed import pack

from delivery.errors import Cancelled, LocalError, PackingError, SourceChangedError
from delivery.model import Deliverable, FileEntry, Method, PartKind, Via
from delivery.packing import estimate, pack_archives, verify
from delivery.packing.read_ahead import BLOCK
from delivery.packing.workspace import Workspace
from delivery.planning import plan
from delivery.profile import Limits, Profile
from delivery.progress import CancelToken, RecordingProgress

MANIFEST = "delivery-manifest.json"


def profile(file: int | None = None, message: int | None = None, files: int | None = None) -> Profile:
    return Profile("test", "Test", Limits(file, message, files))


def taken_in(root: Path, name: str = "work") -> Deliverable:
    entries = []
    for path in sorted(root.rglob("*")):
        if path.is_file():
            status = path.stat()
            arcname = path.relative_to(root).as_posix()
            entries.append(FileEntry(str(path), arcname, status.st_size, status.st_mtime_ns, status.st_mode & 0o7777))
    return Deliverable(name, tuple(entries), folders=(str(root.absolute()),))


def write(root: Path, name: str, content: bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Text, noise, an empty file, an executable, a name that is not ASCII; small and large."""
    root = tmp_path / "source"
    chance = random.Random(7)
    for number in range(40):
        write(root, f"photos/p{number}.jpg", chance.randbytes(chance.randint(10, 60_000)))
        write(root, f"text/t{number}.txt", b"all work and no play\n" * chance.randint(1, 3000))
    write(root, "big/noise.bin", chance.randbytes(1_500_000))
    write(root, "big/words.csv", b"".join(b"%d,%d\n" % (n, n * n) for n in range(60_000)))
    write(root, "leer.txt", b"")
    write(root, "Grüße/日本.txt", "schön".encode())
    write(root, "run.sh", b"#!/bin/sh\necho hello\n").chmod(0o755)
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def unzipped(out: Path, target: Path) -> dict[str, bytes]:
    for path in sorted(out.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            archive.extractall(target)
    return contents(target)


def test_zips_give_back_every_byte_and_keep_the_limit(tree: Path, tmp_path: Path) -> None:
    deliverable = taken_in(tree)
    packed = pack(plan(deliverable, profile(file=1_600_000), via=Via.ATTACH), tmp_path / "out")
    zips = list((tmp_path / "out").glob("*.zip"))
    assert len(zips) > 1
    assert all(path.stat().st_size <= 1_600_000 for path in zips)
    assert unzipped(tmp_path / "out", tmp_path / "back") == contents(tree)
    assert {file.arcname: file.sha256 for file in packed.files} == {
        name: hashlib.sha256(data).hexdigest() for name, data in contents(tree).items()
    }
    for attachment in packed.attachments:
        data = Path(attachment.path).read_bytes()
        assert (attachment.size, attachment.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert [part.size for part in packed.plan.parts] == [attachment.size for attachment in packed.attachments]


def test_modes_times_and_methods_are_kept_in_the_zip(tree: Path, tmp_path: Path) -> None:
    os.utime(tree / "leer.txt", (100, 100))
    os.utime(tree / "run.sh", (1_600_000_001, 1_600_000_001))
    pack(plan(taken_in(tree), profile()), tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out" / "work.zip") as archive:
        infos = {info.filename: info for info in archive.infolist()}
    assert infos["run.sh"].external_attr >> 16 == (0o100755 if os.name == "posix" else 0o100666)
    assert infos["run.sh"].date_time == (2020, 9, 13, 12, 26, 40)
    assert infos["run.sh"].extra[5:] == (1_600_000_001).to_bytes(4, "little")
    assert infos["leer.txt"].date_time == (1980, 1, 1, 0, 0, 0)
    assert infos["big/noise.bin"].compress_type == zipfile.ZIP_STORED
    assert infos["big/words.csv"].compress_type == zipfile.ZIP_DEFLATED
    assert infos["Grüße/日本.txt"].flag_bits == 0x800
    assert all(not info.flag_bits & 0x8 for info in infos.values())


def test_the_same_input_gives_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        pack(plan(taken_in(tree), profile(file=1_600_000)), tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_few_files_are_copied_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "source", "a.jpg", b"a" * 10)
    write(tmp_path / "source", "b.txt", b"b" * 20)
    packed = pack(plan(taken_in(tmp_path / "source"), profile()), tmp_path / "out")
    assert [(a.filename, a.kind, a.message) for a in packed.attachments] == [
        ("a.jpg", PartKind.AS_IS, 1),
        ("b.txt", PartKind.AS_IS, 1),
    ]
    assert contents(tmp_path / "out").keys() == {"a.jpg", "b.txt", "SHA256SUMS", MANIFEST}


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1, 3 * BLOCK])
@pytest.mark.parametrize("limit", [None, BLOCK + 7])
def test_digests_are_right_around_the_size_of_a_block(size: int, limit: int | None, tmp_path: Path) -> None:
    data = random.Random(size).randbytes(size)
    write(tmp_path / "source", "a.bin", data)
    packed = pack(plan(taken_in(tmp_path / "source"), profile(limit), via=Via.ATTACH), tmp_path / "out")
    assert packed.files[0].sha256 == hashlib.sha256(data).hexdigest()
    for attachment in packed.attachments:
        made = Path(attachment.path).read_bytes()
        assert (attachment.size, attachment.sha256) == (len(made), hashlib.sha256(made).hexdigest())
    assert verify(tmp_path / "out").parts == sum(a.kind is not PartKind.MANIFEST for a in packed.attachments)


def test_the_manifest_names_files_and_parts(tree: Path, tmp_path: Path) -> None:
    packed = pack(plan(taken_in(tree), profile(file=1_600_000)), tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["schema"] == "delivery.manifest/1"
    assert {record["path"]: record["sha256"] for record in manifest["files"]} == {
        file.arcname: file.sha256 for file in packed.files
    }
    assert [record["filename"] for record in manifest["parts"]] == [a.filename for a in packed.attachments]
    assert all(len(record["parts"]) == 1 for record in manifest["files"])


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sha256sum_takes_the_checksums(tree: Path, tmp_path: Path) -> None:
    pack(plan(taken_in(tree), profile(file=1_600_000)), tmp_path / "out")
    run = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True)
    assert run.returncode == 0, run.stderr


def test_a_file_above_the_limit_becomes_volumes_that_cat_joins(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(1_050_001)
    write(tmp_path / "source", "film.mov", data)
    packed = pack(plan(taken_in(tmp_path / "source"), profile(file=100_000), via=Via.ATTACH), tmp_path / "out")
    volumes = [a for a in packed.attachments if a.kind is PartKind.VOLUME]
    assert [a.filename for a in volumes] == [f"film.mov.{n:03d}" for n in range(1, 12)]
    assert b"".join(Path(a.path).read_bytes() for a in volumes) == data
    assert packed.files[0].sha256 == hashlib.sha256(data).hexdigest()
    assert all(a.sha256 == hashlib.sha256(Path(a.path).read_bytes()).hexdigest() for a in packed.attachments)


def test_real_sizes_decide_how_many_zips_there_are(tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path / "source", f"{number}.txt", b"x" * 100_000)
    planned = plan(taken_in(tmp_path / "source"), profile(file=250_000))
    packed = pack(planned, tmp_path / "out")
    assert (len(planned.parts), len(packed.plan.parts)) == (6, 1)


def test_a_sheet_stands_with_what_its_message_carries(tmp_path: Path) -> None:
    for name in ("a.bin", "b.bin"):
        write(tmp_path / "source", name, random.Random(name).randbytes(10_000))
    made = plan(taken_in(tmp_path / "source"), profile(message=12_000), via=Via.ATTACH)
    packed = pack(made, tmp_path / "out", sheet=lambda folder, files: write(folder, "proof.pdf", b"sheet"))
    carried = [(item.message, item.filename) for item in packed.attachments]
    assert carried == [(1, "a.bin"), (1, "proof.pdf"), (2, "b.bin")]


def test_estimates_are_near_and_cover_every_file(tree: Path) -> None:
    deliverable = taken_in(tree)
    sizes = estimate(deliverable)
    assert sizes.keys() == {entry.arcname for entry in deliverable.entries}
    assert all(sizes[entry.arcname] <= entry.size for entry in deliverable.entries if entry.size)
    assert sizes["big/noise.bin"] == 1_500_000
    assert sizes["big/words.csv"] < 1_000_000


def test_the_link_way_makes_only_the_zips(tree: Path, tmp_path: Path) -> None:
    planned = plan(taken_in(tree), profile(), via=Via.LINK)
    assert planned.method is Method.LINK
    with Workspace(tmp_path / "out") as workspace:
        packed = pack_archives(planned, workspace)
        (made,) = packed.attachments
        with zipfile.ZipFile(made.path) as archive:
            assert archive.testzip() is None
        assert (made.size, made.sha256) == (Path(made.path).stat().st_size, "")
        assert [path.name for path in workspace.scratch.iterdir()] == ["archives"], "the spool is gone"
    assert made.filename == "work.zip"
    assert packed.manifest_path is None
    assert all(file.sha256 for file in packed.files)
    assert list((tmp_path / "out").iterdir()) == []


def test_zips_that_are_only_uploaded_do_not_wait_for_the_disk(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    with Workspace(tmp_path / "out") as workspace:
        monkeypatch.setattr("os.fsync", flushed.append)
        pack_archives(plan(taken_in(tree), profile(), via=Via.LINK), workspace)
        assert flushed == []
    pack(plan(taken_in(tree), profile()), tmp_path / "attached")
    assert flushed


def test_a_link_of_few_files_needs_no_zips(tmp_path: Path) -> None:
    write(tmp_path / "source", "a.jpg", b"a" * 10)
    with Workspace(tmp_path / "out") as workspace:
        packed = pack_archives(plan(taken_in(tmp_path / "source"), profile(), via=Via.LINK), workspace)
        assert packed.attachments == ()
        assert list(workspace.scratch.iterdir()) == []


def test_progress_counts_each_source_byte_once(tree: Path, tmp_path: Path) -> None:
    progress = RecordingProgress()
    deliverable = taken_in(tree)
    pack(plan(deliverable, profile(file=1_600_000)), tmp_path / "out", progress=progress)
    (task,) = progress.tasks
    assert (task.total, task.done) == (deliverable.size, deliverable.size)


def test_an_out_folder_with_something_in_it_is_refused_and_left_alone(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "out", "mine.txt", b"mine")
    with pytest.raises(LocalError) as caught:
        pack(plan(taken_in(tree), profile()), tmp_path / "out")
    assert (caught.value.code, contents(tmp_path / "out")) == ("out-not-empty", {"mine.txt": b"mine"})


def test_an_out_folder_inside_the_source_is_refused(tree: Path) -> None:
    with pytest.raises(LocalError) as caught:
        pack(plan(taken_in(tree), profile()), tree / "out")
    assert caught.value.code == "out-inside-source"
    assert not (tree / "out").exists()


def test_a_source_that_changed_is_refused_and_nothing_is_left(tree: Path, tmp_path: Path) -> None:
    planned = plan(taken_in(tree), profile())
    write(tree, "big/noise.bin", b"shorter")
    with pytest.raises(SourceChangedError, match=r"noise\.bin"):
        pack(planned, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_cancelled_run_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    (tmp_path / "out").mkdir()
    with pytest.raises(Cancelled):
        pack(plan(taken_in(tree), profile()), tmp_path / "out", cancel=cancel)
    assert list((tmp_path / "out").iterdir()) == []


def test_leftovers_of_a_dead_run_are_removed_with_what_it_had_moved(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, ".delivery-unfinished-0badcafe/lock", b"")
    write(out, ".delivery-unfinished-0badcafe/moving", b"work.zip\0delivery-manifest.json")
    write(out, ".delivery-unfinished-0badcafe/ready/delivery-manifest.json", b"{}")
    write(out, "work.zip", b"of the dead run")
    pack(plan(taken_in(tree), profile()), out)
    assert contents(out).keys() == {"work.zip", "SHA256SUMS", MANIFEST}


def test_a_delivery_that_a_killed_run_had_moved_whole_is_not_removed(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, ".delivery-unfinished-0badcafe/lock", b"")
    write(out, ".delivery-unfinished-0badcafe/moving", b"work.zip")
    write(out, "work.zip", b"all of it")
    with pytest.raises(LocalError) as caught:
        pack(plan(taken_in(tree), profile()), out)
    assert caught.value.code == "out-not-empty"
    assert contents(out) == {"work.zip": b"all of it"}


@pytest.mark.parametrize("name", ["../source/run.sh", "/etc/passwd", "..", "sub/../../source/run.sh"])
def test_a_forged_leftover_removes_nothing_elsewhere(name: str, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, ".delivery-unfinished-0badcafe/lock", b"")
    write(out, ".delivery-unfinished-0badcafe/moving", f"{name}\0b".encode())
    write(out, ".delivery-unfinished-0badcafe/ready/b", b"")
    before = contents(tree)
    pack(plan(taken_in(tree), profile()), out)
    assert contents(tree) == before


def test_a_live_run_in_the_same_folder_is_left_alone(tree: Path, tmp_path: Path) -> None:
    from delivery.packing.workspace import Workspace

    with Workspace(tmp_path / "out") as other:
        with pytest.raises(LocalError) as caught:
            pack(plan(taken_in(tree), profile()), tmp_path / "out")
        assert caught.value.code == "out-in-use"
        assert other.folder.exists()


def test_a_plan_whose_zips_turn_out_larger_than_estimated_is_not_carried_out(tmp_path: Path) -> None:
    write(tmp_path / "source", "noise.bin", random.Random(3).randbytes(300_000))
    deliverable = taken_in(tmp_path / "source")
    planned = plan(deliverable, profile(file=200_000), packed_sizes={"noise.bin": 100_000})
    assert planned.method is Method.ATTACH
    with pytest.raises(PackingError) as caught:
        pack(planned, tmp_path / "out")
    assert caught.value.code == "plan-changed"
    assert not (tmp_path / "out").exists()


def test_without_posix_calls_the_result_is_the_same(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan(taken_in(tree), profile(file=1_600_000))
    volumes = plan(taken_in(tree / "big"), profile(file=400_000), via=Via.ATTACH)
    pack(planned, tmp_path / "one")
    pack(volumes, tmp_path / "three")
    for name in ("posix_fallocate", "readv", "fdatasync", "copy_file_range", "sendfile", "pread"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.setattr("delivery.packing.flusher._flush_data", os.fsync)
    monkeypatch.setattr("delivery.packing.direct._FLAG", 0)
    locked: list[int] = []
    portable = types.SimpleNamespace(LK_NBLCK=2, locking=lambda descriptor, mode, count: locked.append(mode))
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", portable)
    pack(planned, tmp_path / "two")
    pack(volumes, tmp_path / "four")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "three") == contents(tmp_path / "four")
    assert locked == [2, 2]


def test_without_the_fast_library_zips_are_made_by_zlib(tree: Path, tmp_path: Path) -> None:
    """In a process of its own, because the library is chosen when it is imported."""
    script = (
        "import sys; sys.modules['zlib_ng'] = None\n"
        "from pathlib import Path\n"
        "from delivery.intake import take_in\n"
        "from delivery.profile import Limits, Profile\n"
        "from delivery.packing import deflate, pack\n"
        "from delivery.packing.workspace import Workspace\n"
        "from delivery.planning import plan\n"
        "assert deflate.LEVEL == 6\n"
        "made = plan(take_in([sys.argv[1]]), Profile('t', 'T', Limits(1_600_000)))\n"
        "with Workspace(Path(sys.argv[2])) as workspace: pack(made, workspace)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, "-c", script, tree, tmp_path / "out"], check=True, env=environment)
    assert unzipped(tmp_path / "out", tmp_path / "back") == contents(tree)


def test_a_large_file_is_compressed_in_pieces_that_make_one_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.packing.spool._HUGE", 2_000_000)
    data = b"".join(b"%d,%d\n" % (n, n * n) for n in range(200_000))
    write(tmp_path / "source", "words.csv", data)
    write(tmp_path / "source", "other.txt", b"short")
    deliverable = taken_in(tmp_path / "source")
    pack(plan(deliverable, profile(2_500_000), packed_sizes=estimate(deliverable)), tmp_path / "out")
    assert unzipped(tmp_path / "out", tmp_path / "back")["words.csv"] == data
    with zipfile.ZipFile(next((tmp_path / "out").glob("*.zip"))) as archive:
        assert archive.getinfo("words.csv").compress_size < len(data) / 2


@pytest.mark.parametrize("huge", [2_000_000, 200_000_000])
def test_a_large_file_that_only_seemed_to_compress_is_stored(
    huge: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a disk image does, whose empty head is one of the places that are sampled."""
    monkeypatch.setattr("delivery.packing.spool._HUGE", huge)
    monkeypatch.setattr("delivery.packing.deflate.ratio", lambda *_: 0.5)
    write(tmp_path / "source", "disk.img", random.Random(5).randbytes(3_000_000))
    write(tmp_path / "source", "sub/words.csv", b"".join(b"%d,%d\n" % (n, n * n) for n in range(200_000)))
    deliverable, progress = taken_in(tmp_path / "source"), RecordingProgress()
    pack(plan(deliverable, profile(), packed_sizes=estimate(deliverable)), tmp_path / "out", progress=progress)
    assert unzipped(tmp_path / "out", tmp_path / "back") == contents(tmp_path / "source")
    with zipfile.ZipFile(tmp_path / "out" / "work.zip") as archive:
        assert archive.getinfo("disk.img").compress_type == zipfile.ZIP_STORED
        assert archive.getinfo("sub/words.csv").compress_type == zipfile.ZIP_DEFLATED
    assert progress.tasks[0].done == progress.tasks[0].total


@pytest.mark.parametrize("limit", [None, 300_001])
def test_writing_past_the_cache_gives_the_same_bytes(
    limit: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system or the disk cannot do it, the same code goes the ordinary way."""
    monkeypatch.setattr("delivery.packing.direct._FROM", 0)
    monkeypatch.setattr("delivery.packing.read_ahead.BLOCK", 4096 * 7)
    monkeypatch.setattr("delivery.packing.read_ahead._ALONE", 1)
    data = random.Random(5).randbytes(1_000_003)
    write(tmp_path / "source", "film.mov", data)
    packed = pack(plan(taken_in(tmp_path / "source"), profile(limit), via=Via.ATTACH), tmp_path / "out")
    assert b"".join(path.read_bytes() for path in sorted((tmp_path / "out").glob("film.mov*"))) == data
    assert packed.files[0].sha256 == hashlib.sha256(data).hexdigest()
    verify(tmp_path / "out")


def test_files_may_have_the_names_that_the_work_folder_uses(tmp_path: Path) -> None:
    names = ("lock", "moving", "ready", "scratch", "spool-0")
    for name in names:
        write(tmp_path / "source", name, name.encode())
    pack(plan(taken_in(tmp_path / "source"), profile()), tmp_path / "out")
    assert {name: data for name, data in contents(tmp_path / "out").items() if name in names} == {
        name: name.encode() for name in names
    }
