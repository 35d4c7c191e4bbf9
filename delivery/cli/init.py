"""`delivery init`: writes a config.ini."""

from __future__ import annotations

import os
from pathlib import Path

import click

from delivery import config, places, platforms
from delivery.cli import render
from delivery.cli.pipeline import may_ask
from delivery.errors import LocalError


@click.command("init")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: write the example, with every option at its default.")
def command(file: Path | None, yes: bool) -> None:
    """Write a configuration FILE (default: config.ini in your configuration folder), never over an existing one."""
    path = file or places.config_dir() / "config.ini"
    text = config.example()
    if not yes and may_ask():
        text = _asked(text)
    _write_new(path, text)
    render.say(f"written: {path}")
    render.hint("every option stands in it with its default; `delivery doctor` tries a store that you have set up")


def _asked(text: str) -> str:
    names = list(platforms.all_profiles())
    platform = click.prompt("Platform", default="fiverr", type=click.Choice(names), show_choices=False, err=True)
    answers = {"platform": platform}
    text = _set(text, "delivery", answers)
    if not click.confirm("Set up an S3-compatible store for links now?", default=False, err=True):
        return text
    store = {
        name: click.prompt(label, default="", show_default=False, err=True)
        for name, label in (
            ("bucket", "Bucket"),
            ("region", "Region, such as eu-central-1"),
            ("endpoint", "Endpoint address (empty for AWS)"),
            ("aws_profile", "AWS profile with the keys (empty: environment or default)"),
        )
    }
    text = _set(text, "delivery", {"store": "mine"})
    return _set(text, "store:mine", {name: value for name, value in store.items() if value})


def _set(text: str, section: str, values: dict[str, str]) -> str:
    """Put the answers in the place of the commented defaults of one section."""
    head, mark, rest = text.partition(f"[{section}]\n")
    body, gap, tail = rest.partition("\n\n")
    lines = body.splitlines()
    for name, value in values.items():
        lines = [f"{name} = {value}" if line.startswith(f"#{name} =") else line for line in lines]
    return head + mark + "\n".join(lines) + gap + tail


def _write_new(path: Path, text: str) -> None:
    """Never over an existing file, and readable by the user alone, since keys may come to stand in it."""
    try:
        places.private_dir(path.parent) if not path.parent.exists() else None
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise LocalError(
            f"{path} is there already, and is left as it is",
            hint="edit it, or name another file: delivery init FILE",
            code="config-exists",
        ) from None
    except OSError as error:
        raise LocalError(
            f"{path} cannot be written: {error.strerror}", hint="name a file that can be: delivery init FILE"
        ) from error
