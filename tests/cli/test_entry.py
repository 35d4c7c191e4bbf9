from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import atexit, gc, sys
counted = gc.get_threshold()
atexit.register(lambda: print(gc.get_freeze_count() > 1000, gc.get_threshold() != counted, file=sys.stderr))
sys.argv = ["delivery", *sys.argv[1:]]
from delivery.cli import main
main()
"""


def test_a_command_ends_without_a_last_search_for_garbage_and_with_its_own_code() -> None:
    for arguments, code in ((["--version"], 0), (["nothing-of-the-kind"], 2)):
        done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True)
        assert done.returncode == code
        assert done.stderr.endswith("True True\n")


def test_the_library_leaves_the_collector_alone() -> None:
    script = "import gc; before = gc.get_threshold(); import delivery.cli.app, delivery; delivery.send; "
    script += "assert gc.get_threshold() == before and gc.get_freeze_count() == 0"
    subprocess.run([sys.executable, "-c", script], check=True)
