"""How long it takes until the library is imported and the command line explains itself.

    .venv/bin/python bench/startup.py [RUNS]

Each line is the least of many runs, in CPU time and on the clock, beside the bare start of the interpreter, which no
program can undercut. The least is what the machine can do; anything above it is what else the machine was doing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMITS = {"import delivery": 0.050, "delivery --help": 0.150}
PYTHON = [sys.executable, "-X", "utf8"]
MAIN = [*PYTHON, "-c", "from delivery.cli import main; main()"]
CASES = {
    "python": [*PYTHON, "-c", "pass"],
    "import delivery": [*PYTHON, "-c", "import delivery"],
    "delivery --version": [*MAIN, "--version"],
    "delivery --help": [*MAIN, "--help"],
    "delivery completion bash": [*MAIN, "completion", "bash"],
    "delivery send --help": [*MAIN, "send", "--help"],
    "import delivery.send": [*PYTHON, "-c", "from delivery import Settings, send"],
}


def once(command: list[str]) -> tuple[float, float]:
    """CPU seconds and seconds of one run."""
    before, begun = os.times(), time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, time.perf_counter() - begun


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    best: dict[str, tuple[float, float]] = {}
    for _ in range(runs):  # in turn, so that a busy moment does not fall on one case alone
        for name, command in CASES.items():
            cpu, wall = once(command)
            was = best.get(name, (cpu, wall))
            best[name] = (min(cpu, was[0]), min(wall, was[1]))
    bare = best["python"][1]
    print(f"{'':28} {'CPU':>7} {'clock':>8} {'of bare':>8}")
    missed = 0
    for name, (cpu, wall) in best.items():
        limit = LIMITS.get(name)
        late = limit is not None and wall > limit
        missed += late
        verdict = "" if limit is None else f"  at most {limit * 1000:.0f} ms: {'MISSED' if late else 'kept'}"
        print(f"{name:28} {cpu * 1000:4.0f} ms {wall * 1000:5.0f} ms {wall / bare:7.1f}x{verdict}")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
