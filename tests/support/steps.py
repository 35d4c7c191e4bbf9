"""Runs the steps of the integrations as their services would: variables set, one shell, nothing in between."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def tool_in(folder: Path) -> str:
    """A PATH whose ``python3`` makes environments with this checkout's `delivery` in them, and only notes what pip is
    asked for, in ``folder``/pip.txt: the tests reach no registry."""
    folder.mkdir(exist_ok=True)
    _script(folder / "delivery", f'exec "{sys.executable}" "{ROOT / "cli.py"}" "$@"')
    _script(
        folder / "python3",
        f'case "$1 $2" in\n"-m venv") mkdir -p "$3/bin"; ln -sf "{folder}/python3" "$3/bin/python"; '
        f'ln -sf "{folder}/delivery" "$3/bin/delivery";;\n"-m pip") shift 2; echo "$*" >> "{folder}/pip.txt";;\n'
        "*) exit 64;;\nesac",
    )
    system = os.pathsep.join(part for part in ("/usr/local/bin", "/usr/bin", "/bin"))
    return f"{folder}{os.pathsep}{system}"


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@dataclass
class Ran:
    """How a job ended."""

    code: int
    log: str = ""
    """stdout and stderr together, as a service keeps them."""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


def run_action(path: Path, inputs: dict[str, str], *, folder: Path, environ: dict[str, str]) -> Ran:
    """The steps of a composite action in ``folder``, up to the first that fails."""
    action = yaml.safe_load(path.read_text("utf-8"))
    unknown = set(inputs) - set(action["inputs"])
    assert not unknown, unknown
    values = {name: inputs.get(name, str(row.get("default", ""))) for name, row in action["inputs"].items()}
    for name, row in action["inputs"].items():
        assert not row.get("required") or values[name], f"{name} is required"
    temp = folder.parent / "runner-temp"
    temp.mkdir(exist_ok=True)
    steps: dict[str, dict[str, str]] = {}
    result = Ran(0)
    search = environ["PATH"]
    for number, step in enumerate(action["runs"]["steps"]):
        assert step["shell"] == "bash"
        files = {name: temp / f"{name}-{number}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for made in files.values():
            made.write_text("")
        given = {name: _filled(str(text), values, steps) for name, text in step.get("env", {}).items()}
        script = temp / f"step-{number}.sh"
        script.write_text(step["run"])  # as it stands: what is in it is no expression
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
            stdin=subprocess.DEVNULL,
            env={**environ, **given, "PATH": search, "CI": "true", "GITHUB_ACTIONS": "true",
                 "GITHUB_WORKSPACE": str(folder), "GITHUB_ACTION_PATH": str(path.parent), "RUNNER_TEMP": str(temp),
                 **{name: str(made) for name, made in files.items()}},
        )  # fmt: skip
        result.code = done.returncode
        result.log += done.stdout
        result.summary += files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        search = os.pathsep.join([*files["GITHUB_PATH"].read_text().split("\n")[:-1], search])
        if "id" in step:
            steps[step["id"]] = outputs_in(files["GITHUB_OUTPUT"].read_text("utf-8"))
        if done.returncode:
            return result
    result.outputs = {name: _filled(row["value"], values, steps) for name, row in action["outputs"].items()}
    return result


def outputs_in(text: str) -> dict[str, str]:
    """The runner's own reading of a file of outputs."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        for row in lines:
            if row == end:
                break
            value.append(row)
        else:
            raise AssertionError(f"no end of {name}")
        found[name] = "\n".join(value)
    return found


def _filled(text: str, inputs: dict[str, str], steps: dict[str, dict[str, str]]) -> str:
    def value(found: re.Match[str]) -> str:
        parts = found[1].split(".")
        if parts[0] == "inputs":
            return inputs[parts[1]]
        assert (parts[0], parts[2]) == ("steps", "outputs"), found[0]
        return steps[parts[1]].get(parts[3], "")

    return _EXPRESSION.sub(value, text)


def run_lines(lines: str, *, shell: str, folder: Path, environ: dict[str, str]) -> Ran:
    """Lines of a job's script in one shell that stops at the first failure."""
    done = subprocess.run(
        [shell, "-e", "-c", lines], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300, check=False, stdin=subprocess.DEVNULL, env=environ,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout)


def job_of(path: Path, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))[name]
    return loaded
