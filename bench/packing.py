"""Packing against its peers, side by side: `python bench/packing.py [volumes|tree|many|memory ...]`.

Contenders take turns, so that the machine's moods meet all of them; medians are quoted with the range, CPU seconds and
peak memory. Ours are on the disk when it ends; of the peers only those with `sync`. Needs 7z, zip, pigz, split and
openssl, and about 8 GB of room (12 with `memory`) in --folder; where that is in memory (tmpfs), no disk counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GIB = 1024**3


@dataclass
class Runs:
    """What one contender showed."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_kb: int = 0
    output: int = 0

    def add(self, command: str, folder: Path) -> None:
        target = folder / "out"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        os.sync()
        environ = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        started = time.perf_counter()
        process = subprocess.Popen(["bash", "-ec", command], cwd=folder, env=environ, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"failed: {command}")
        self.seconds.append(time.perf_counter() - started)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.peak_kb = max(self.peak_kb, usage.ru_maxrss)
        self.output = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def compare(title: str, folder: Path, contenders: dict[str, str], base: str, rounds: int) -> None:
    """Run all in turns and print a table; ratios are to ``base``."""
    results = {name: Runs() for name in contenders}
    for number in range(rounds + 1):
        for name, command in contenders.items():
            results[name].add(command, folder)
            if number == 0:
                results[name].seconds.clear()
                results[name].cpu.clear()
    print(
        f"\n## {title}\n\n| | median s | range | CPU s | to {base} | peak MB | output MB |\n"
        "|---|---|---|---|---|---|---|"
    )
    floor = statistics.median(results[base].seconds)
    for name, runs in results.items():
        median = statistics.median(runs.seconds)
        print(
            f"| {name} | {median:.2f} | {min(runs.seconds):.2f}-{max(runs.seconds):.2f} | "
            f"{statistics.median(runs.cpu):.2f} | {median / floor:.2f} x | {runs.peak_kb / 1024:.0f} | "
            f"{runs.output / 1e6:.1f} |"
        )
    sys.stdout.flush()


def make(kind: str, folder: Path, size: int) -> None:
    """In a process of its own: what this one once held would count as the contenders' peak memory."""
    script = f"import pathlib, packing_inputs as inputs; inputs.{kind}(pathlib.Path({str(folder)!r}), {size})"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parent)


def ours(source: str, limit: int, *, whole: bool = False) -> str:
    """The rooms that plan and pack; with ``whole`` the command, which looks at every file's type and content too."""
    python = f"PYTHONPATH={ROOT} {sys.executable}"
    if not whole:
        return f"{python} {Path(__file__).resolve()} --one {source} --limit {limit}"
    return (
        f"printf '[platform:bench]\\nfile_limit = {limit}\\n' > bench.ini; DELIVERY_HOME=$PWD/home {python} -m delivery"
        f" pack {source} -o out -p bench --config bench.ini -q --no-progress"
    )


def one(source: Path, limit: int) -> None:
    """What :func:`ours` measures: walk, estimate, plan, pack."""
    from delivery.model import Deliverable, FileEntry, Via
    from delivery.packing import estimate, pack
    from delivery.packing.workspace import Workspace
    from delivery.planning import plan
    from delivery.profile import Limits, Profile

    entries = []
    for place, _, names in os.walk(source):
        for name in names:
            path = os.path.join(place, name)
            status = os.stat(path)
            arcname = path[len(str(source)) + 1 :].replace(os.sep, "/")
            entries.append(FileEntry(path, arcname, status.st_size, status.st_mtime_ns, status.st_mode & 0o777))
    entries.sort(key=lambda entry: entry.arcname)
    work = Deliverable(source.name, tuple(entries))
    profile = Profile("bench", "Bench", Limits(limit))
    with Workspace(Path("out")) as workspace:
        pack(plan(work, profile, via=Via.ATTACH, packed_sizes=estimate(work)), workspace)


def volumes(folder: Path, rounds: int) -> None:
    (folder / "noise").mkdir()
    make("noise", folder / "noise", 2 * GIB)
    film = "noise/film.mov"
    contenders = {
        "cp; openssl dgst": f"cp {film} out/film.mov; openssl dgst -sha256 out/film.mov",
        "delivery": ours("noise", 500_000_000),
        "cp; sync": f"cp {film} out/film.mov; sync out/*",
        "split; openssl dgst": f"split -b 500MB {film} out/; openssl dgst -sha256 out/*",
        "7z -mx0 -v": f"7z a -mx0 -v500000000b -bso0 -bsp0 out/film.7z {film}",
        "7z -mx0 -v; sync": f"7z a -mx0 -v500000000b -bso0 -bsp0 out/film.7z {film}; sync out/*",
        "zip -0 -s": f"zip -q -0 -s 500m out/film.zip {film}",
    }
    compare("2 GiB that do not compress, in volumes of 500 MB", folder, contenders, "cp; openssl dgst", rounds)
    shutil.rmtree(folder / "noise")


def tree(folder: Path, rounds: int) -> None:
    make("tree", folder / "tree", 400_000_000)
    contenders = {
        "delivery": ours("tree", 100_000_000),
        "delivery pack, whole": ours("tree", 100_000_000, whole=True),
        "zip -6": "cd tree; zip -q -6 -r ../out/tree.zip .",
        "7z -tzip -mx1": "7z a -tzip -mx1 -bso0 -bsp0 out/tree.zip ./tree/*",
        "tar, pigz -6": "tar -c tree | pigz -6 > out/tree.tgz",
    }
    compare("a tree of 400 MB that compresses, in zips under 100 MB", folder, contenders, "delivery", rounds)
    shutil.rmtree(folder / "tree")


def many(folder: Path, rounds: int) -> None:
    make("many", folder / "many", 20_000)
    contenders = {
        "delivery": ours("many", 100_000_000),
        "delivery pack, whole": ours("many", 100_000_000, whole=True),
        "zip -6": "cd many; zip -q -6 -r ../out/many.zip .",
        "7z -tzip -mx1": "7z a -tzip -mx1 -bso0 -bsp0 out/many.zip ./many/*",
    }
    compare("20,000 small files", folder, contenders, "delivery", rounds)
    shutil.rmtree(folder / "many")


def memory(folder: Path, rounds: int) -> None:
    print("\n## Memory and time as the input grows\n\n| GB | s | s per GB | CPU s | peak MB |\n|---|---|---|---|---|")
    for gigabytes in (1, 2, 4, 8):
        source = folder / "grown"
        source.mkdir()
        with (source / "film.mov").open("wb") as out:
            piece = os.urandom(1 << 20)
            for _ in range(gigabytes * 1000):
                out.write(piece[: 10**6])
        runs = Runs()
        runs.add(ours("grown", 500_000_000), folder)
        seconds = runs.seconds[0]
        each = seconds / gigabytes
        print(f"| {gigabytes} | {seconds:.2f} | {each:.2f} | {runs.cpu[0]:.2f} | {runs.peak_kb / 1024:.0f} |")
        sys.stdout.flush()
        shutil.rmtree(source)
        shutil.rmtree(folder / "out")


SCENARIOS: dict[str, Callable[[Path, int], None]] = {"volumes": volumes, "tree": tree, "many": many, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []], help="default: all")
    parser.add_argument("--rounds", type=int, default=5, help="counted runs of each contender, after one to warm up")
    parser.add_argument("--folder", type=Path, help="where the inputs and outputs lie for a while")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=int, default=100_000_000, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given.one, given.limit)
        return
    with tempfile.TemporaryDirectory(prefix="delivery-bench-", dir=given.folder) as name:
        for scenario in given.scenarios or SCENARIOS:
            SCENARIOS[scenario](Path(name), given.rounds)


if __name__ == "__main__":
    main()
