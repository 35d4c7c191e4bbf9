"""`delivery init`: writes a config.ini."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from delivery import config, places, platforms
from delivery.cli import render
from delivery.cli.pipeline import may_ask
from delivery.errors import Cancelled, DeliveryError, LocalError
from delivery.escape import printable


@click.command("init")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: what is not given stays at its default.")
@click.option("--profile", metavar="NAME", help="The kind of your store: aws, r2, b2, wasabi, minio ...")
@click.option("--bucket", metavar="NAME", help="Its bucket.")
@click.option("--region", metavar="NAME", help="The bucket's region.")
@click.option("--endpoint", metavar="URL", help="The store's address; not for AWS.")
@click.option("--prefix", metavar="TEXT", help="What keys start with.")
@click.option("--aws-profile", metavar="NAME", help="A profile of ~/.aws/credentials to take keys from.")
@click.option(
    "--lifecycle/--no-lifecycle",
    default=None,
    help="Have the store itself clear leftover parts, and deliveries under the prefix, when their time is over.",
)
def command(file: Path | None, yes: bool, lifecycle: bool | None, **given: str | None) -> None:
    """Write a configuration FILE (default: config.ini in your configuration folder), never over an existing one."""
    path = file or places.config_dir() / "config.ini"
    if os.path.exists(path):
        raise _there_already(path)  # before anything is asked
    store = {name: value for name, value in given.items() if value}
    if profile := store.get("profile"):
        from delivery.storage.quirks import quirks

        quirks(profile)
    if (store or lifecycle) and (yes or not may_ask()) and "bucket" not in store:
        raise click.UsageError("a store needs its bucket: --bucket NAME", click.get_current_context())
    text = config.example()
    if not yes and may_ask():
        text = _set(text, "delivery", {"platform": _asked_platform()})
        if store or click.confirm("Set up an S3-compatible store for links now?", default=False, err=True):
            store |= _asked_store(store)
            if lifecycle is None:
                lifecycle = click.confirm(_LIFECYCLE, default=True, err=True)
    if store:
        text = _set(_set(text, "delivery", {"store": _NAME}), f"store:{_NAME}", store)
    _write_new(path, text)
    render.say(f"written: {printable(str(path))}")
    if store and lifecycle:
        _tidy_by_itself(path)
    render.hint("every option stands in it with its default; `delivery doctor` tries a store that you have set up")


_NAME = "mine"
"""As the store is called in the example."""
_LIFECYCLE = "Have the store itself clear leftovers of broken uploads after 7 days, and deliveries after 30?"


def _asked_platform() -> str:
    names = list(platforms.all_profiles())
    answer: str = click.prompt("Platform", default="fiverr", type=click.Choice(names), show_choices=False, err=True)
    return answer


def _asked_store(given: Mapping[str, str]) -> dict[str, str]:
    """The store's options that ``given`` lacks and that its kind needs."""
    from delivery.storage.quirks import offered, quirks

    answers: dict[str, str] = {}

    def ask(name: str, label: str, **how: Any) -> None:
        if name not in given and (answer := click.prompt(label, err=True, **how)):
            answers[name] = answer

    free = {"default": "", "show_default": False}
    kinds = ", ".join(offered())
    ask("profile", f"Which store ({kinds})", default="aws", type=click.Choice(offered()), show_choices=False)
    kind = quirks(answers.get("profile") or given["profile"])
    ask("bucket", "Bucket")
    if kind.endpoint_needed:
        ask("endpoint", f"Endpoint address, such as {kind.endpoint or 'https://s3.example.com'}")
    if not kind.endpoint_needed:
        ask("region", "Region, such as eu-central-1")
    elif kind.region is None:
        ask("region", "Region (empty: us-east-1)", **free)
    ask("prefix", "What keys start with, so that deliveries are told from other files", default="deliveries")
    ask("aws_profile", "AWS profile with the keys (empty: environment or default)", **free)
    return answers


def _tidy_by_itself(path: Path) -> None:
    from delivery import store_care

    try:
        words = store_care.tidy_by_itself(_NAME, config.Settings.load(path))
    except DeliveryError:
        render.hint("the configuration stands; `delivery doctor --fix` sets the rule once the following is mended")
        raise
    except KeyboardInterrupt:
        hint = "the configuration stands; `delivery doctor --fix` sets the rule for tidying up"
        raise Cancelled("cancelled", hint=hint) from None
    render.say(f"the store tidies up by itself: {words}")


def _there_already(path: Path) -> LocalError:
    return LocalError(
        f"{path} is there already, and is left as it is",
        hint="edit it, or name another file: delivery init FILE; `delivery doctor --fix` sets the rule for tidying up",
        code="config-exists",
    )


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
        places.made_dir(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise _there_already(path) from None
    except OSError as error:
        raise LocalError(
            f"{path} cannot be written: {error.strerror}", hint="name a file that can be: delivery init FILE"
        ) from error
