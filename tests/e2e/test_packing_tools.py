"""What was packed, opened by other people's programs."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import zipheaders
from support.packed import pack

from delivery.intake import take_in
from delivery.intake.names import fold
from delivery.model import PartKind, Via
from delivery.packing import estimate, join
from delivery.packing.deflate import LEVEL
from delivery.planning import plan
from delivery.profile import Limits, Profile

OPENERS = {
    "unzip": ["unzip", "-q", "{zip}", "-d", "{to}"],
    "7z": ["7z", "x", "-bso0", "-bsp0", "-o{to}", "{zip}"],
    "bsdtar": ["bsdtar", "-xf", "{zip}", "-C", "{to}"],
    "python": ["python3", "-m", "zipfile", "-e", "{zip}", "{to}"],
}


def run(command: Sequence[str], **places: Path) -> None:
    words = [word.format(**places) for word in command]
    subprocess.run(words, check=True, capture_output=True, timeout=120, env=_ENVIRON)


_PATH = "/usr/local/bin:/usr/bin:/bin" if os.name == "posix" else os.environ["PATH"]
_ENVIRON = {**os.environ, "LC_ALL": "C.UTF-8", "PATH": _PATH}


def profile(limit: int | None) -> Profile:
    return Profile("test", "Test", Limits(limit))


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source")
    chance = random.Random(3)
    for number in range(60):
        for name, data in (
            (f"Fotos für Dich/{number}.jpg", chance.randbytes(chance.randint(0, 40_000))),
            (f"текст/日本語 {number}.txt", b"%d all work and no play\n" % number * chance.randint(0, 2000)),
        ):
            path = root / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    (root / "large.csv").write_bytes(b"".join(b"%d;%d\n" % (n, n * n) for n in range(200_000)))
    (root / "large.bin").write_bytes(chance.randbytes(3_000_000))
    (root / "empty").write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def packed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packed") / "out"
    pack(plan(take_in([tree]), profile(4_000_000), via=Via.ATTACH), out)
    assert len(list(out.glob("*.zip"))) > 1
    return out


@pytest.mark.parametrize("opener", OPENERS)
def test_every_zip_opens_and_gives_back_the_same_bytes(opener: str, packed: Path, tree: Path, tmp_path: Path) -> None:
    if shutil.which(OPENERS[opener][0], path=_PATH) is None:
        pytest.skip(f"{opener} is not installed")
    for path in packed.glob("*.zip"):
        run(OPENERS[opener], zip=path, to=tmp_path)
    assert contents(tmp_path) == contents(tree)


def test_every_header_is_of_the_form_that_opens_everywhere(packed: Path, tree: Path) -> None:
    members = [member for path in packed.glob("*.zip") for member in zipheaders.read(path)]
    assert {member.name for member in members} == contents(tree).keys()
    for member in members:
        status = (tree / member.name).stat()
        mode = status.st_mode if os.name == "posix" else stat.S_IFREG | 0o644
        assert (member.mtime, member.mode) == (int(status.st_mtime), mode)
    methods = {member.name: member.method for member in members}
    assert (methods["large.bin"], methods["large.csv"]) == (0, 8)


@pytest.mark.skipif(shutil.which("7z") is None, reason="needs 7z")
def test_7z_and_cat_join_volumes_to_the_same_file(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    limit = 700_000
    pack(plan(take_in([tree / "large.bin"]), profile(limit), via=Via.ATTACH), out)
    run(["7z", "x", "-bso0", "-bsp0", "-o{to}", "{first}"], to=tmp_path / "by-7z", first=out / "large.bin.001")
    join(out, tmp_path / "by-us")
    data = (tree / "large.bin").read_bytes()
    assert (tmp_path / "by-7z" / "large.bin").read_bytes() == data
    assert (tmp_path / "by-us" / "large.bin").read_bytes() == data
    assert b"".join(path.read_bytes() for path in sorted(out.glob("large.bin.*"))) == data


LETTERS = (
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\")
    if sys.platform == "linux"
    else st.characters(codec="latin-1", exclude_categories=["Cc"], exclude_characters='<>:"/\\|?*')
)
NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(
    lambda name: name.strip(". ") == name and len(name.encode()) < 100
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(NAMES, st.integers(0, 3000), st.booleans()), min_size=1, max_size=15, unique_by=lambda m: fold(m[0])
    ),
    st.integers(3500, 20_000),
)
def test_whatever_the_names_and_sizes_the_zips_hold_the_files(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[str, int, bool]], limit: int
) -> None:
    root = tmp_path_factory.mktemp("any")
    for name, size, text in made:
        folder = root / "source" / ("text" if text else "noise")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"ab" * (size // 2) if text else random.Random(size).randbytes(size))
    deliverable = take_in([root / "source"])
    done = pack(plan(deliverable, profile(limit), via=Via.ATTACH), root / "out")
    members = {m.name: m for path in (root / "out").glob("*.zip") for m in zipheaders.read(path)}
    assert all(attachment.size <= limit for attachment in done.attachments)
    if members:
        assert {name: member.size for name, member in members.items()} == {
            e.arcname: e.size for e in deliverable.entries
        }


@pytest.mark.parametrize("count", [2, 3, 12])
def test_the_limit_is_used_to_its_last_byte_and_never_beyond(count: int, tmp_path: Path) -> None:
    chance = random.Random(count)
    for number in range(count):
        path = tmp_path / "work" / f"folder {number % 2}" / f"{number}.{'txt' if number % 3 else 'bin'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"text %d\n" % number * 300 if number % 3 else chance.randbytes(5_000 + number))
    deliverable = take_in([tmp_path / "work"])

    def packed(limit: int | None) -> list[int]:
        sizes = estimate(deliverable)
        made = plan(deliverable, profile(limit), via=Via.ATTACH, packed_sizes=sizes)
        return [item.size for item in pack(made, tmp_path / f"{limit}").attachments]

    (whole,) = packed(None)
    assert packed(whole) == packed(whole + 1) == [whole]
    fewer = packed(whole - 1)
    assert len(fewer) == 2 and max(fewer) < whole


@pytest.mark.heavy
def test_the_benchmarks_tree_takes_at_most_one_zip_more_than_its_bytes_need(tmp_path: Path) -> None:
    script = (
        f"import pathlib, packing_inputs; packing_inputs.tree(pathlib.Path({str(tmp_path / 'tree')!r}), 80_000_000)"
    )
    bench = Path(__file__).parents[2] / "bench"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=bench, timeout=300)
    deliverable = take_in([tmp_path / "tree"])
    sizes = estimate(deliverable)
    for limit in (10_000_000, 16_000_000, 25_000_000):
        done = pack(plan(deliverable, profile(limit), via=Via.ATTACH, packed_sizes=sizes), tmp_path / f"{limit}")
        zips = [item for item in done.attachments if item.kind is PartKind.ARCHIVE]
        assert len(zips) <= -(-sum(item.size for item in zips) // limit) + 1


def test_the_level_is_that_of_the_fast_library_where_it_is_installed() -> None:
    pytest.importorskip("zlib_ng")
    assert LEVEL == 4
