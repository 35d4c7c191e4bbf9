"""``-`` among the paths: what another program pipes in, as a file called ``--name``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from delivery.errors import UsageError

if TYPE_CHECKING:
    from delivery.inputs import Input

option = click.option("--name", metavar="FILE", help="With - for a path: how what is piped in is called.")


def inputs_of(paths: tuple[str, ...], values: dict[str, Any]) -> tuple[Input, ...]:
    """The inputs that ``paths`` stand for; ``name`` is taken out of ``values``."""
    name = values.pop("name")
    if "-" not in paths:
        if name is not None:
            raise UsageError("--name is for what is piped in", hint=f"tar c work | delivery upload - --name {name}")
        return paths
    if name is None:
        raise UsageError("what is piped in needs a name", hint="delivery upload - --name work.tar", code="input-name")
    if paths.count("-") > 1:
        raise UsageError("- can be given once only", hint="what is piped in is one file")
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("nothing is piped in", hint=f"tar c work | delivery upload - --name {name}", code="no-stdin")
    from delivery.model import FileEntry

    unbuffered = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)  # which gives what there is, and waits for no more
    piped = FileEntry.from_stream(name, unbuffered)
    return tuple(piped if path == "-" else path for path in paths)
