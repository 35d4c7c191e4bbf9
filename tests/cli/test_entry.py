from __future__ import annotations

import errno
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import click
import pytest
from PIL import Image

from delivery.cli import app

ROOT = Path(__file__).parents[2]

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


def test_a_bug_keeps_its_traceback_and_ends_with_1(tmp_path: Path) -> None:
    bug = "from delivery import service\nservice.check = None"
    for more in ([], ["--json"]):
        command = [sys.executable, "-c", f"{bug}\n{SCRIPT}", "check", str(tmp_path), *more]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Traceback (most recent call last)" in done.stderr


def test_what_pillow_warns_of_is_not_shown(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("L", (9, 9)).save(picture, "PNG")
    no_frames = b"acTL" + bytes(8)
    chunk = struct.pack(">I", 8) + no_frames + struct.pack(">I", zlib.crc32(no_frames))
    path = tmp_path / "a.png"
    path.write_bytes(picture.getvalue()[:33] + chunk + picture.getvalue()[33:])
    with pytest.warns(UserWarning, match="APNG"):
        Image.open(path).close()
    command = [sys.executable, "-c", SCRIPT, "check", str(path), "--deep"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Warning" not in done.stderr


@pytest.mark.parametrize("wanted", [True, False])
def test_no_warning_of_a_library_is_shown_but_to_who_asks(wanted: bool) -> None:
    script = (
        "import warnings; from delivery import cli; from delivery.cli import app; "
        "app.main = lambda: warnings.warn('your Python is old'); cli.main()"
    )
    command = [sys.executable, *["-Wdefault"] * wanted, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert done.returncode == 0 and ("your Python is old" in done.stderr) is wanted
    assert wanted or done.stderr == ""


def test_the_library_leaves_the_collector_alone() -> None:
    script = "import gc; before = gc.get_threshold(), gc.get_freeze_count(); "
    script += "import delivery.cli.app, delivery; delivery.send; "
    script += "assert (gc.get_threshold(), gc.get_freeze_count()) == before"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("terminal", "chosen", "encoding"), [(False, "", "utf-8"), (False, "cp1252", "cp1252"), (True, "", "cp1252")]
)
def test_what_is_piped_is_utf_8_where_the_user_chose_nothing_else(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, chosen: str, encoding: str
) -> None:
    """The streams are as Windows makes them."""
    monkeypatch.setenv("PYTHONIOENCODING", chosen)
    written = io.BytesIO()
    for name, raw in (("stdout", written), ("stderr", io.BytesIO())):
        stream = io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n")
        monkeypatch.setattr(stream, "isatty", lambda: terminal)
        monkeypatch.setattr(sys, name, stream)
    with pytest.raises(SystemExit):
        app.main(["reply", "cannot-open", "--language", "ar"])
    lines = written.getvalue().split(b"\r\n")
    assert "شكرًا لإخباري".encode(encoding, "replace") in lines[0]
    assert len(lines) > 5 and sys.stderr.encoding == encoding


def refuse(*_: object) -> int:
    raise OSError(errno.EINVAL, "Invalid argument")


def test_a_reader_that_goes_away_is_told_from_a_bug_where_both_are_an_invalid_argument(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(app, "_GONE_IS_INVALID", True)
    with io.TextIOWrapper(io.FileIO(tmp_path / "out", "w")) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with monkeypatch.context() as bug, pytest.raises(OSError, match="Invalid argument"):
            bug.setattr("delivery.places.data_dir", refuse)
            app.main(["list"])
        with monkeypatch.context() as gone, pytest.raises(SystemExit) as ended:
            gone.setattr(stdout, "write", refuse)
            app.main(["platforms"])
    assert ended.value.code == 0


def test_an_error_that_nobody_reads_keeps_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[bool] = []
    monkeypatch.setattr("delivery.cli.streams.drop", lambda stream: dropped.append(True))

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Gone())
    assert app._run(["check", "there-is-nothing", "--json"]) == 4
    assert dropped


@pytest.mark.parametrize("lost", ["nobody reads", "the disk is full"])
def test_what_becomes_of_stderr_does_not_stop_the_work(tmp_path: Path, lost: str) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes.txt").write_text("The finished work.\n")
    if lost == "nobody reads":
        reader, stderr = os.pipe()
        os.close(reader)
    elif Path("/dev/full").exists():
        stderr = os.open("/dev/full", os.O_WRONLY)
    else:
        pytest.skip("needs /dev/full")

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, str(ROOT / "cli.py"), *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, cwd=tmp_path)

    try:
        made = run("send", "work", "--out", "ready")
        assert made.returncode == 0 and b"Your finished work is ready" in made.stdout
        assert (tmp_path / "ready" / "notes.txt").is_file()
        assert run("check", "there-is-nothing").returncode == 4
        assert run("check", "--no-such-option").returncode == 2
    finally:
        os.close(stderr)


def test_every_command_that_tells_something_takes_the_common_options() -> None:
    for name in app.app.list_commands(click.Context(app.app)):
        command = app.app.get_command(click.Context(app.app), name)
        assert command is not None
        if isinstance(command, click.Group) or name in ("init", "completion"):
            continue
        found = {parameter.name for parameter in command.params}
        assert {"as_json", "config", "quiet", "verbose", "no_progress"} <= found, name
