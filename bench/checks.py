"""The check against a plain walk with python-magic; is it linear, is its memory flat, do hostile archives cost much.

    python bench/checks.py [--rounds N] [--files N] [--media MIB] [--only plain,linear,hostile] [--folder DIR]

Each run is a process of its own, interleaved with its rival; medians. Times begin after imports and the loading of
libmagic's database, which both sides pay. The pages are warm: the disk is not measured.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
MIB = 1024**2

PLAIN = """
import os, sys, magic
detector = magic.Magic(mime=True)
detector.from_buffer(b"warm")
START
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        os.stat(path)
        detector.from_file(path)
"""
CHECK = """
import sys
from datetime import datetime, UTC
from delivery import checks, intake, platforms
from delivery.config import Settings
from delivery.options import CheckOptions
from delivery.intake.types import media_type_of
from delivery.intake.observe import observe
profile = platforms.get("fiverr", Settings())
media_type_of(b"warm")
START
deliverable = intake.take_in([sys.argv[1]])
seen = observe(deliverable)
found = checks.run(deliverable, seen, profile, CheckOptions(), now=datetime.now(UTC))
"""
LOOK = """
import sys
from delivery.intake.look import look
from delivery.intake.readers.view import View
import os
place = sys.argv[1]
START
descriptor = os.open(place, os.O_RDONLY)
view = View.of_descriptor(descriptor, os.path.getsize(place), name=place)
look(view)
print(",".join(sorted({fact.kind.value for fact in view.facts})))
"""


END = """
_wall, _cpu = time.perf_counter() - _wall, time.process_time() - _cpu
try:
    _peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
except OSError:  # elsewhere than on Linux, where it may count the parent too
    import resource
    _peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("|", _wall, _cpu, _peak / 1024)
"""


def run(code: str, place: Path) -> tuple[float, float, float, str]:
    """Wall and processor seconds from START on and peak MB of one process, and what it printed."""
    measured = "import time\n" + code.replace("START", "_wall, _cpu = time.perf_counter(), time.process_time()") + END
    command = [sys.executable, "-c", measured, str(place)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    said, _, numbers = done.stdout.rpartition("|")
    wall, processor, peak = map(float, numbers.split())
    return wall, processor, peak, said.strip()


def mixed(folder: Path, count: int) -> None:
    """Pictures, documents, sound, archives and sources, as in a handover of a web or design job."""
    from support import corpus

    draw = random.Random(1)
    seeds = list(corpus.good().items())
    sources = [path.read_bytes() for path in sorted(Path(corpus.json.__file__).parents[1].glob("*.py"))]
    for number in range(count):
        part = folder / f"part{number // 250:03d}"
        part.mkdir(parents=True, exist_ok=True)
        if number % 5 < 3:
            name, data = seeds[number % len(seeds)]
            (part / f"{number:05d}-{name}").write_bytes(data)
        else:
            (part / f"{number:05d}.py").write_bytes(draw.choice(sources)[: draw.randrange(500, 40_000)])


def media(folder: Path, mebibytes: int) -> None:
    """Videos of 128 MiB with their index, and photos of some MB with metadata."""
    from support import corpus, leaky

    block = random.Random(2).randbytes(MIB)
    head = leaky.place(b"+52.5200+013.4050/")
    for number in range(max(1, mebibytes // 160)):
        with (folder / f"clip{number:02d}.mp4").open("wb") as out:
            out.write(head + (8 + 128 * MIB).to_bytes(4, "big") + b"mdat")
            out.write(random.Random(number).randbytes(MIB))
            for _ in range(127):
                out.write(block)
    photo = leaky.photo(gps=True)
    for number in range(max(1, mebibytes // 40)):
        with (folder / f"photo{number:03d}.jpg").open("wb") as out:
            body = bytes(byte or 1 for byte in block[:1000]).replace(b"\xff", b"\1") * 8000
            out.write(photo[:-2] + body + bytes([1 + number % 250]) * 4096 + b"\xff\xd9")
    (folder / "song.flac").write_bytes(corpus.flac())


def against_plain(title: str, folder: Path, rounds: int) -> None:
    pairs = [(run(PLAIN, folder), run(CHECK, folder)) for _ in range(rounds)]
    ratios = [ours[0] / plain[0] for plain, ours in pairs]
    cpu = statistics.median(ours[1] / plain[1] for plain, ours in pairs)
    plain, ours = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
    peak = max(ours[2] for _, ours in pairs)
    print(
        f"| {title} | {plain:.2f} s | {ours:.2f} s | {statistics.median(ratios):.2f} | {cpu:.2f} | {peak:.0f} MB |",
        flush=True,
    )


def linear(folder: Path, most: int) -> None:
    print("\n| Files | Check | For each | Peak |\n|---|---|---|---|")
    for count in (most // 8, most // 4, most // 2, most):
        place = folder / f"linear{count}"
        mixed(place, count)
        wall, _, peak, _ = min(run(CHECK, place) for _ in range(2))
        print(f"| {count:,} | {wall:.2f} s | {wall / count * 1e6:.0f} µs | {peak:.0f} MB |", flush=True)


def hostile(folder: Path) -> None:
    from support import hostile_archives

    print("\n| Archive | Size | Looking into it | Peak of the process | Told |\n|---|---|---|---|---|")
    for name, make in hostile_archives.MAKERS.items():
        place = folder / "hostile.zip"
        place.write_bytes(make())
        wall, _, peak, told = run(LOOK, place)
        size = place.stat().st_size
        print(f"| {name} | {size:,} | {wall * 1000:.0f} ms | {peak:.0f} MB | {told} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--media", type=int, default=2048, help="MiB of videos and photos")
    parser.add_argument("--only", default="plain,linear,hostile")
    parser.add_argument("--folder", help="where the files are made; they are removed again")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        if "plain" in chosen.only:
            print("| What | Walk with python-magic | Check | Ratio | Processor | Peak |\n|---|---|---|---|---|---|")
            mixed(folder / "mixed", chosen.files)
            against_plain(f"{chosen.files:,} mixed files", folder / "mixed", chosen.rounds)
            (folder / "media").mkdir()
            media(folder / "media", chosen.media)
            size = sum(path.stat().st_size for path in (folder / "media").iterdir())
            against_plain(f"{size / MIB / 1024:.1f} GiB of media", folder / "media", chosen.rounds)
        if "linear" in chosen.only:
            linear(folder, chosen.files)
        if "hostile" in chosen.only:
            hostile(folder)


if __name__ == "__main__":
    main()
