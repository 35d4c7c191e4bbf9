"""The walls of the house: which room may import which, and who alone may touch what."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "delivery"
GROUND = {
    "model", "profile", "errors", "units", "escape", "nearest", "lock", "patience", "memory", "buffers", "crc",
    "progress", "lazy", "pictures", "films", "_version",
}  # fmt: skip
SETTINGS = GROUND | {"places", "values", "options", "config"}
MAY_IMPORT = {
    **dict.fromkeys(GROUND, GROUND),
    **dict.fromkeys(("places", "values", "options", "config"), SETTINGS),
    "platforms": SETTINGS,
    "intake": SETTINGS | {"lists"},
    "checks": SETTINGS | {"intake", "message"},
    "planning": GROUND | {"intake"},
    "web": GROUND,
    "packing": SETTINGS | {"intake", "planning", "web"},
    "storage": SETTINGS,
    "hosting": SETTINGS | {"intake", "storage", "web"},
    "fetching": SETTINGS | {"intake", "packing", "planning", "storage", "web"},
    "message": SETTINGS,
    "ledger": SETTINGS,
    "ci": GROUND,
    "surroundings": SETTINGS | {"ci", "packing"},
    "inputs": SETTINGS | {"intake"},
    "report": GROUND | {"fetching", "ledger", "message"},
    "store_care": SETTINGS | {"hosting", "storage", "surroundings"},
    "schemas": set(),
}
SOLE_IMPORTERS = {
    "magic": "intake",
    "pylibmagic": "intake",
    "boto3": "storage",
    "botocore": "storage",
    "click": "cli",
    "tqdm": "cli",
}
TOP_LEVEL = {
    ".ci", ".github", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "bench", "cli.py",
    "config.example.ini", "delivery", "docs", "integrations", "pyproject.toml", "sample", "tests",
}  # fmt: skip
NOT_PURE = {"socket", "subprocess", "urllib", "http", "tempfile", "shutil", "sqlite3", "requests"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Full names: ``delivery.model.Finding`` for ``from delivery.model import Finding``."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_each_room_imports_only_what_its_walls_allow() -> None:
    breaches = []
    for path in modules():
        room = room_of(path)
        if room not in MAY_IMPORT:
            continue
        for name in imported(path):
            if name.startswith("delivery."):
                target = name.split(".")[1]
                if target != room and target not in MAY_IMPORT[room]:
                    breaches.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert breaches == []


def test_every_room_has_a_rule() -> None:
    top = {room_of(path) for path in modules()} - {
        "__init__",
        "__main__",
        "service",
        "handover",
        "by_link",
        "afterwards",
        "tidying",
        "upkeep",
        "cli",
    }
    assert top <= set(MAY_IMPORT)


@pytest.mark.parametrize("library", SOLE_IMPORTERS)
def test_a_library_has_one_room(library: str) -> None:
    rooms = {room_of(path) for path in modules() if any(name.split(".")[0] == library for name in imported(path))}
    assert rooms <= {SOLE_IMPORTERS[library]}


@pytest.mark.parametrize("room", ["checks", "planning", "message"])
def test_deciding_does_no_io(room: str) -> None:
    """They may read their own data files; they never reach for the disk's writers, processes or the network."""
    used = {name.split(".")[0] for path in modules() if room_of(path) == room for name in imported(path)}
    assert used.isdisjoint(NOT_PURE)


def test_nothing_is_printed_outside_the_command_line() -> None:
    printing = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if room_of(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_nothing_stands_beside_the_house_that_does_not_belong() -> None:
    """What somebody tried by hand in the checkout is easily committed with the rest."""
    root = PACKAGE.parent
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "-C", str(root), "ls-files"], capture_output=True, text=True, check=True).stdout
    assert {name.split("/")[0] for name in listed.splitlines()} == TOP_LEVEL


def test_importing_the_library_loads_nothing_heavy() -> None:
    script = "import sys, delivery; print(*sorted({n.split('.')[0] for n in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore", "magic", "click", "tqdm", "PIL", "sqlite3", "babel"} & set(loaded)


def test_fetching_loads_no_room_that_it_does_not_use() -> None:
    """What it loads is a third of what the shortest fetch takes."""
    script = "import sys, delivery.cli.fetch, delivery.fetching; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    unused = {"config", "options", "service", "planning.decide", "packing.work", "packing.check", "storage.opening"}
    assert not {f"delivery.{name}" for name in unused} & set(loaded)
    assert not {"tomllib", "configparser", "platformdirs"} & set(loaded)
