"""Every fenced code block of the README and of docs/ is run, or says why it cannot be."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from support.blocks import PAGES, ROOT, Block, blocks, delivery_calls, indented
from support.stores import KEYS, make_bucket

from delivery import Settings, upload
from delivery.cli.app import app

ALL = [block for page in PAGES for block in blocks(page)]
MOST_NOT_RUN = 6
GENERATED = {"api.md", "cli.md"}
"""Written from the code, and compared with it by another test."""
IN_CI = {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_COMMIT": "0" * 40, "BITBUCKET_REPO_FULL_NAME": "acme/site"}
_INLINE = re.compile(r"`(delivery [a-z][^`]*)`")


def of(*languages: str) -> list[Block]:
    return [block for block in ALL if block.language in languages and not block.not_run]


@pytest.fixture
def folder(tmp_path: Path, embedded_home: Path, moto_address: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a page's blocks run: work in final/, the embedded store, and a store with a profile in ~/.aws."""
    shutil.copytree(ROOT / "sample", tmp_path / "final")
    (tmp_path / "aws-config").write_text("[profile freelance]\nregion = us-east-1\n")
    (tmp_path / "aws-credentials").write_text(
        f"[freelance]\naws_access_key_id = {KEYS['access_key_id']}\naws_secret_access_key = "
        f"{KEYS['secret_access_key']}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_address)
    make_bucket(moto_address, "my-deliveries")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", sorted({block.page for block in of("python")}))
def test_python_blocks_run_from_the_top(page: str, folder: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "page"}
    for block in of("python"):
        if block.page == page:
            code = compile("\n" * block.line + block.text, page, "exec", dont_inherit=True)
            exec(code, namespace)


@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_commands_and_options_of_shell_blocks_exist(block: Block) -> None:
    calls = delivery_calls(block.text)
    assert calls or "delivery" not in block.text
    for arguments in calls:
        understood(arguments)


def understood(arguments: list[str]) -> None:
    """Parse a command line as the program does, without running it."""
    command: click.Command = app
    with click.Context(app, info_name="delivery") as context:
        while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
            name, *arguments = arguments
            inner = command.get_command(context, name)
            assert inner is not None, f"there is no command {name}"
            command = inner
        if "--help" not in arguments:
            command.make_context("delivery", list(arguments), parent=context)


def test_a_wrong_option_in_a_page_would_be_found() -> None:
    for line in ("delivery send final --no-such", "delivery nope", "x | .venv/bin/delivery list --limit none"):
        (arguments,) = delivery_calls(line)
        with pytest.raises((click.UsageError, AssertionError)):
            understood(arguments)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("block", [block for block in of("sh") if not block.by_ci], ids=str)
def test_shell_blocks_run_line_by_line(block: Block, folder: Path) -> None:
    """Lines that do not call `delivery` are set-up, not a page's business. ID is a delivery by link, LINK its page."""
    tools = folder / "tools"
    tools.mkdir()
    for name, body in {
        "delivery": f'exec "{sys.executable}" "{ROOT / "cli.py"}" "$@"',
        **dict.fromkeys(("wl-copy", "pbcopy"), "cat >/dev/null"),
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    made = upload(["final/"], out="by-link")
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "WAYLAND_DISPLAY": "none", "LINK": made.page.url if made.page else ""}
    if block.page == "ci.md":
        environ |= IN_CI
    for line in block.text.splitlines():
        if not delivery_calls(line):
            continue
        script = re.sub(r"\bID\b", made.id, re.sub(r"(?<!\$)\bLINK\b", '"$LINK"', line))
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, timeout=120, cwd=folder,
            stdin=subprocess.DEVNULL, env=environ,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stderr}"


@pytest.mark.parametrize("block", of("ini"), ids=str)
def test_configurations_are_understood(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "delivery.ini"
    path.write_text(block.text, encoding="utf-8")
    assert Settings.load(path).file == path


@pytest.mark.parametrize("block", of("json", "toml", "yaml"), ids=str)
def test_data_is_well_formed(block: Block) -> None:
    if block.language != "yaml":
        {"json": json.loads, "toml": tomllib.loads}[block.language](block.text)
        return
    yaml = pytest.importorskip("yaml")
    action = yaml.safe_load((ROOT / "integrations" / "github" / "action.yml").read_text("utf-8"))
    for node in nodes(yaml.safe_load(block.text)):
        if isinstance(node, str):
            for arguments in filter(None, delivery_calls(node)):
                understood(arguments)
        elif isinstance(node, dict) and "integrations/github" in str(node.get("uses")):
            assert set(node["with"]) <= set(action["inputs"])


def nodes(data: object) -> Iterator[object]:
    yield data
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for item in inner:
        yield from nodes(item)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in GENERATED], ids=lambda page: page.name)
def test_every_code_block_has_a_fence_that_says_what_it_is(page: Path) -> None:
    assert indented(page) == []


def test_what_is_not_run_says_why_and_is_rare() -> None:
    known = {"python", "sh", "ini", "json", "toml", "yaml"}
    silent = [str(block) for block in ALL if block.language not in known and not block.not_run]
    assert silent == [], f"write <!-- not run: REASON --> before it, or one of {', '.join(sorted(known))} after ```"
    assert sum(bool(block.not_run) for block in ALL) <= MOST_NOT_RUN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_within_sentences_exist(page: Path) -> None:
    for text in _INLINE.findall(page.read_text("utf-8")):
        _, name, *rest = text.split()
        command = app.get_command(click.Context(app), name) if name.isalpha() else None
        assert command is not None, text
        if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            command = command.get_command(click.Context(command), rest[0])
            assert command is not None, text
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        used = {word for word in rest if re.fullmatch(r"--?[a-z][a-z-]*", word)}
        assert used <= options | {"--help"}, text
