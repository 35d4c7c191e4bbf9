"""What is not loaded until it is needed. How long it takes is measured by bench/startup.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"boto3", "botocore", "magic", "pylibmagic", "PIL", "pypdf", "pypdfium2", "av", "segno", "tqdm"}
ALL = HEAVY | {"click", "sqlite3", "http", "ssl", "urllib.request", "asyncio", "typing", "dataclasses"}
CASES = {
    "import delivery": ("import delivery", ALL),
    "from delivery import send": ("from delivery import Settings, send, renew", HEAVY | {"click"}),
    "--help": ("--help", HEAVY | {"sqlite3", "http", "ssl", "tomllib", "delivery.service", "delivery.config"}),
    "--version": ("--version", HEAVY | {"sqlite3", "http", "ssl", "delivery.service"}),
    "send --help": (
        "send --help",
        HEAVY | {"sqlite3", "http", "ssl", "tomllib", "delivery.service", "delivery.checks"},
    ),
}


def loaded(code: str) -> set[str]:
    tell = "\nfinally:\n print(*sys.modules, file=sys.stderr)"
    script = f"import sys\ntry:\n {code}{tell}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    return set(done.stderr.split())


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_needed_is_not_loaded(case: str) -> None:
    code, unwanted = CASES[case]
    if not code.startswith(("import", "from")):
        code = f"from delivery.cli.app import main; main({code.split()!r})"
    found = loaded(code)
    assert "delivery._version" in found
    bare = loaded("pass")
    assert (found - bare) & unwanted == set()


def test_the_bench_runs() -> None:
    script = Path(__file__).parents[2] / "bench" / "startup.py"
    done = subprocess.run([sys.executable, str(script), "1"], capture_output=True, text=True, timeout=60)
    assert "delivery --help" in done.stdout, done.stderr
