"""What the shell offers: asked as shells ask, and in the shells themselves."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.terminal import Run

from delivery import pack
from delivery.cli import app

ROOT = Path(__file__).parents[2]


def offered(*words: str, cwd: Path) -> list[str]:
    """The values that are offered for the last of ``words``."""
    given = {
        "_DELIVERY_COMPLETE": "bash_complete",
        "COMP_WORDS": "\n".join(["delivery", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py")], capture_output=True, text=True, timeout=60, cwd=cwd,
        env={**os.environ, **given},
    )  # fmt: skip
    assert done.stderr == ""
    return [line.partition(",")[2] or line.partition(",")[0] for line in done.stdout.splitlines() if line]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work.txt").write_text("work\n")
    (tmp_path / "delivery.ini").write_text("[store:mine]\nbucket = b\n[platform:own]\nfile_limit = 1MB\n")
    return pack(["work.txt"]).id


def test_commands_options_and_names_are_offered(made: str, tmp_path: Path) -> None:
    def ask(*words: str) -> list[str]:
        return offered(*words, cwd=tmp_path)

    assert ask("re") == ["reply", "renew", "revoke", "record"]
    assert "--expires" in ask("send", "--e")
    assert ask("send", "--platform", "gma") == ["gmail"]
    assert ask("send", "-p", "ow") == ["own"]
    assert ask("upload", "--store", "") == ["local", "mine"]
    assert ask("send", "--via", "") == ["auto", "attach", "link"]
    assert {"en", "de", "ar"} <= set(ask("message", made, "--language", ""))
    assert ask("check", "--allow", "empty-f") == ["empty-file"]
    assert ask("show", made[:6]) == [made] == ask("reply", "expired", "")
    assert ask("list", "--state", "exp") == ["expiring", "expired"]
    assert ask("store", "st") == ["status", "stop"]
    assert ask("completion", "") == ["bash", "zsh", "fish"]
    assert ask("platforms", "gm") == ["gmail"]
    assert ask("send", "wo") == ["wo"]  # the shell itself knows files


def test_a_broken_configuration_or_no_ledger_offers_nothing_and_says_nothing(tmp_path: Path, home: Path) -> None:
    assert offered("show", "", cwd=tmp_path) == []
    assert not (home / "ledger.sqlite3").exists()
    (tmp_path / "delivery.ini").write_text("[nonsense\n")
    assert offered("send", "-p", "", cwd=tmp_path) == []


def test_asking_for_a_command_loads_none(tmp_path: Path) -> None:
    script = "import sys; from delivery.cli import app; app._run([]); print(*sys.modules, file=sys.stderr)"
    given = {"_DELIVERY_COMPLETE": "bash_complete", "COMP_WORDS": "delivery\nre", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env={**os.environ, **given}
    )
    assert "renew" in done.stdout
    assert {"delivery.cli.renew", "delivery.service", "delivery.config"} & set(done.stderr.split()) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(run: Run, shell: str) -> None:
    answer = run("completion", shell)
    assert answer.code == 0 and f"_DELIVERY_COMPLETE={shell}_complete" in answer.out
    assert answer.err == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_has_the_lines_of_a_shell_on_windows_too(monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "utf-8", newline="\r\n"))
    with pytest.raises(SystemExit):
        app.main(["completion", shell])
    assert written.getvalue().count(b"\n") > 5 and b"\r" not in written.getvalue()


@pytest.fixture
def path_with_delivery(tmp_path: Path) -> dict[str, str]:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "delivery").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "cli.py"}" "$@"\n')
    (tools / "delivery").chmod(0o755)
    return {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "xterm"}


@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="needs bash")
def test_bash_takes_the_script_and_completes(made: str, tmp_path: Path, path_with_delivery: dict[str, str]) -> None:
    script = """
        source <(delivery completion bash)
        complete -p delivery
        COMP_WORDS=(delivery send --platform gma); COMP_CWORD=3; _delivery_completion delivery; echo "${COMPREPLY[@]}"
        COMPREPLY=(); COMP_WORDS=(delivery show ""); COMP_CWORD=2; _delivery_completion delivery; echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env=path_with_delivery,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["complete -o nosort -F _delivery_completion delivery", "gmail", made], done


@pytest.mark.heavy
def test_fish_takes_the_script_and_completes(made: str, tmp_path: Path, path_with_delivery: dict[str, str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed: apt-get install fish")
    script = (
        "delivery completion fish | source; complete -C 'delivery send --platform gma'; complete -C 'delivery show '"
    )
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env=path_with_delivery,
    )  # fmt: skip
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["gmail", made], done
    assert "work, fiverr, attached" in done.stdout


def test_fish_is_given_what_stands_behind_a_comma(run: Run) -> None:
    """A path, and the words about a delivery."""
    script = run("completion", "fish").out
    assert script.count("string split") == script.count("string split --max 1") == 1


@pytest.mark.heavy
@pytest.mark.parametrize(
    "shell, start",
    [("bash", ["bash", "--norc", "--noprofile", "-i"]), ("zsh", ["zsh", "-f", "-i"])],
)
def test_the_tabulator_completes_in_a_terminal(
    made: str, tmp_path: Path, path_with_delivery: dict[str, str], shell: str, start: list[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: apt-get install {shell}")
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        start, stdin=slave, stdout=slave, stderr=slave, cwd=tmp_path, env=path_with_delivery, start_new_session=True
    )
    os.close(slave)
    try:
        if shell == "zsh":
            os.write(master, b"autoload -U compinit; compinit -u -D\n")
        os.write(master, f"source <(delivery completion {shell}); echo re''ady\n".encode())
        until(master, "ready")
        os.write(master, b"delivery send --platform gma\t")
        until(master, "gmail")
        os.write(master, b"\x15exit\n")
        until(master, None)
        assert process.wait(20) is not None
    finally:
        process.kill()
        process.wait()
        os.close(master)


def until(master: int, wanted: str | None, seconds: float = 30) -> None:
    """Read what the terminal shows until ``wanted`` is there; None: to its end."""
    import select

    seen, end = "", time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(master, 65536)
        except OSError:
            piece = b""
        seen += piece.decode("utf-8", "replace")
        if not piece or (wanted is not None and wanted in seen):
            break
    assert wanted is None or wanted in seen, seen
