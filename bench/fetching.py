"""`delivery fetch` against other downloaders, from the same server on loopback, interleaved, medians.

    python bench/fetching.py [--rounds N] [--cases one,some,many,far] [--only NAMES]

Needs on PATH whichever of aria2c, s5cmd and curl are to be measured; what is missing is left out. Our side is the whole
command, with the SHA-256 of every file compared before it has its name; the others compare nothing, but where it is
said.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hosting import MIB, Run, measure  # bench/hosting.py

HERE = Path(__file__).parent
PORT = 28533
ORIGIN = f"http://127.0.0.1:{PORT}"


@dataclass(frozen=True)
class Case:
    title: str
    folder: Path
    """What the server serves."""
    names: tuple[str, ...]
    digests: tuple[str, ...]
    out: Path

    @property
    def urls(self) -> list[str]:
        return [f"{ORIGIN}/bench/files/{name}" for name in self.names]


Command = Callable[[Case], list[str]]


def aria2c(*more: str) -> Command:
    def command(case: Case) -> list[str]:
        listed = case.folder.parent / "urls"
        listed.write_text("\n".join(case.urls))
        options = ["-q", "-x8", "-s8", "-k1M", "-j8", "--file-allocation=falloc", *more, "-d", str(case.out)]
        return ["aria2c", *options, "-i", str(listed)]

    return command


def aria2c_checked(case: Case) -> list[str]:
    return aria2c(f"--checksum=sha-256={case.digests[0]}")(case)


def s5cmd(case: Case) -> list[str]:
    return ["s5cmd", "--no-sign-request", "--endpoint-url", ORIGIN, "cp", "s3://bench/files/*", f"{case.out}/"]


def s5cmd_checked(case: Case) -> list[str]:
    """The same promise as ours: every file compared with its digest."""
    sums = case.folder.parent / "SHA256SUMS"
    sums.write_text("".join(f"{digest}  {name}\n" for name, digest in zip(case.names, case.digests, strict=True)))
    check = f"cd {case.out} && sha256sum --quiet -c {sums}"
    return ["sh", "-c", f'"$@" && {check}', "sh", *s5cmd(case)]


def curl(case: Case) -> list[str]:
    targets = [
        part for name, url in zip(case.names, case.urls, strict=True) for part in ("-o", str(case.out / name), url)
    ]
    return ["curl", "-s", "-Z", "--parallel-max", "8", *targets]


def ours(case: Case) -> list[str]:
    options = ["-q", "--no-progress", "-o", str(case.out)]
    return [sys.executable, "-m", "delivery", "fetch", f"{ORIGIN}/bench/manifest.json", *options]


TOOLS: dict[str, Command] = {
    "aria2c -x8": aria2c(),
    "aria2c -x8 --checksum": aria2c_checked,
    "s5cmd cp": s5cmd,
    "s5cmd cp; sha256sum -c": s5cmd_checked,
    "curl -Z": curl,
    "delivery fetch": ours,
}


@contextmanager
def server(folder: Path, rate: int) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, str(HERE / "ranges.py"), str(PORT), str(folder), str(rate)])
    try:
        time.sleep(0.7)
        yield
    finally:
        process.terminate()
        process.wait()


def made(title: str, folder: Path, count: int, size: int) -> Case:
    files = folder / "served" / "files"
    files.mkdir(parents=True)
    names, digests = [], []
    for number in range(count):
        path, digest = files / f"{number:05}.bin", hashlib.sha256()
        with path.open("wb") as stream:
            for at in range(0, size, MIB):  # small, since a child's peak memory begins with its parent's
                block = os.urandom(min(MIB, size - at))
                stream.write(block)
                digest.update(block)
        names.append(path.name)
        digests.append(digest.hexdigest())
    case = Case(title, folder / "served", tuple(names), tuple(digests), folder / "out")
    parts = [
        {"filename": name, "kind": "as-is", "size": size, "sha256": digest, "url": url}
        for name, digest, url in zip(names, digests, case.urls, strict=True)
    ]
    listed = [
        {"path": name, "size": size, "sha256": digest, "parts": [name]}
        for name, digest in zip(names, digests, strict=True)
    ]
    document = {"schema": "delivery.manifest/1", "name": "bench", "files": listed, "parts": parts}
    (folder / "served" / "manifest.json").write_text(json.dumps(document))
    return case


def table(title: str, runs: dict[str, list[Run]]) -> None:
    import statistics

    base = runs.get("aria2c -x8") or next(iter(runs.values()))
    print(f"\n## {title}\n")
    print("| | wall s (range) | CPU s | peak MB | wall / first | CPU / first |\n|---|---|---|---|---|---|")
    for name, rows in runs.items():
        walls = sorted(run.wall for run in rows)
        cpu = statistics.median(run.cpu for run in rows)
        ratio = statistics.median(run.wall / other.wall for run, other in zip(rows, base, strict=True))
        cpu_ratio = statistics.median(run.cpu / other.cpu for run, other in zip(rows, base, strict=True))
        wall, peak = statistics.median(walls), max(run.peak for run in rows)
        print(
            f"| {name} | {wall:.2f} ({walls[0]:.2f}-{walls[-1]:.2f}) | {cpu:.2f} | {peak:.0f} | {ratio:.2f} | "
            f"{cpu_ratio:.2f} |"
        )
    sys.stdout.flush()


CASES = {
    "one": ("One file of 1 GiB", 1, 1024 * MIB, 0),
    "some": ("20 files of 50 MiB", 20, 50 * MIB, 0),
    "many": ("500 files of 1 MiB", 500, MIB, 0),
    "far": ("One file of 1 GiB, 20 MB/s a connection", 1, 1024 * MIB, 20),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", default="one,some,many,far")
    parser.add_argument("--only", default="", help="only these tools, separated by commas")
    parser.add_argument("--folder", help="where the files lie; default: the temporary folder")
    chosen = parser.parse_args()
    for name in chosen.cases.split(","):
        title, count, size, rate = CASES[name]
        with tempfile.TemporaryDirectory(prefix="delivery-bench-", dir=chosen.folder) as place:
            folder = Path(place)
            environ = {**os.environ, "DELIVERY_HOME": str(folder / "home"), "PYTHONPATH": str(HERE.parent)}
            environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled; so is what is measured
            case = made(title, folder, count, size)
            tools = {
                tool: made for tool, made in TOOLS.items() if tool == "delivery fetch" or shutil.which(tool.split()[0])
            }
            if count > 1:
                tools.pop("aria2c -x8 --checksum", None)
            if chosen.only:
                tools = {tool: made for tool, made in tools.items() if tool in chosen.only.split(",")}
            runs: dict[str, list[Run]] = {tool: [] for tool in tools}
            with server(case.folder, rate):
                for _ in range(chosen.rounds):
                    for tool, command in tools.items():
                        shutil.rmtree(case.out, ignore_errors=True)
                        case.out.mkdir()
                        os.sync()
                        runs[tool].append(measure(command(case), environ))
                        checked = [(case.out / name).stat().st_size for name in case.names]
                        assert checked == [size] * count, tool
            table(title, runs)


if __name__ == "__main__":
    main()
