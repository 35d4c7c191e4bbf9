"""What later steps and jobs are told, and in which form. Never a link: it carries the key id, which services mask."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from delivery.escape import printable
from delivery.model import Delivery
from delivery.units import format_utc


def outputs(done: Delivery, *, report: str | None = None) -> dict[str, str]:
    """By name, as the docs list them; empty where there is nothing to tell."""
    return {
        "id": done.id,
        "method": done.method.value,
        "expires-at": format_utc(done.expires_at) if done.expires_at else "",
        "files": str(len(done.files)),
        "bytes": str(sum(entry.size for entry in done.files)),
        "out": printable(done.out or ""),
        "report": printable(report or ""),
    }


def for_github(values: Mapping[str, str]) -> str:
    """The lines for the file that ``GITHUB_OUTPUT`` names. Nobody can guess the delimiter, so no value ends early."""
    lines = []
    for name, value in values.items():
        end = f"end-{secrets.token_hex(16)}"
        lines.append(f"{name}<<{end}\n{value}\n{end}\n")
    return "".join(lines)


def dotenv(values: Mapping[str, str]) -> str:
    """One ``DELIVERED_NAME=value`` a line. Not ``DELIVERY_``, which would be options of a later `delivery`."""
    return "".join(f"{variable(name)}={value}\n" for name, value in values.items())


def variable(name: str) -> str:
    """The name of an output as a variable."""
    return f"DELIVERED_{name.replace('-', '_').upper()}"
