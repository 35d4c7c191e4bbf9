"""The project's own workflow says the same as pyproject.toml and the README."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
JOBS = WORKFLOW["jobs"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def commands(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def test_every_python_of_the_classifiers_is_tried_on_every_system() -> None:
    matrix = JOBS["quick"]["strategy"]["matrix"]
    prefix = "Programming Language :: Python :: "
    claimed = [row.removeprefix(prefix) for row in PROJECT["classifiers"] if row.startswith(prefix)]
    assert matrix["python"] == claimed
    assert PROJECT["requires-python"] == f">={claimed[0]}"
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_the_commands_are_those_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    test = re.search(r"<!-- command: test -->\n```sh\n(.*?)\n```", readme, re.DOTALL)
    assert test is not None
    said = [re.sub(r"^\.venv/bin/(python -m )?", "", part) for part in test[1].split(" && ")]
    assert said[1:] == [re.sub(r"^python -m ", "", line) for line in commands("quick")]
    assert commands("everything")[0].startswith('sudo env "PATH=$PATH" .ci/run')
    assert (ROOT / ".ci" / "run").is_file()


def test_no_expression_stands_in_a_script_and_the_token_may_only_read() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    scripts = [line for job in JOBS for line in commands(job)]
    assert scripts and not any("${{" in line for line in scripts)


def test_the_action_is_tried_as_others_use_it() -> None:
    (step,) = [step for step in JOBS["action"]["steps"] if step.get("id") == "deliver"]
    action = yaml.safe_load((ROOT / step["uses"] / "action.yml").read_text("utf-8"))
    assert set(step["with"]) <= set(action["inputs"])
