"""`delivery doctor`: the store tried for real."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from delivery import report
from delivery.cli import options, render
from delivery.escape import printable

if TYPE_CHECKING:
    from delivery.hosting import Report

_COLOURS = {"ok": "green", "failed": "red", "warning": "yellow", "unknown": "blue"}
_UNHEALTHY, _UNREACHABLE = 5, 6


@click.command("doctor")
@options.store
@click.option("--fix", is_flag=True, help="Set the lifecycle rule that clears leftover parts and old deliveries.")
@click.option("--policy", is_flag=True, help="Print the smallest IAM policy that suffices, and nothing else.")
@options.common
def command(store: str | None, fix: bool, policy: bool, **values: Any) -> int:
    """Try the store: put, signed link, wrong signature, expiry, parts, delete, clock; and say what it means for links.

    Ends with 5 when something failed that deliveries need, and with 6 when the store cannot be reached.
    """
    with options.session(values) as session:
        from delivery import store_care

        if policy:
            click.echo(json.dumps(store_care.policy(store=store, settings=session.settings), indent=2))
            return 0
        found = store_care.doctor(
            store=store, fix=fix, settings=session.settings, progress=session.progress, cancel=session.cancel
        )
    if session.as_json:
        report.write(_document(found), sys.stdout)
    else:
        _table(found)
    if found.healthy:
        return 0
    return _UNHEALTHY if found.reached else _UNREACHABLE


def _document(found: Report) -> dict[str, Any]:
    steps = [
        {"name": step.name, "outcome": step.outcome.value, "found": step.found, "means": step.means}
        for step in found.steps
    ]
    return {"schema": report.DOCTOR, "healthy": found.healthy, "steps": steps, "policy": found.policy}


def _table(found: Report) -> None:
    width = max(len(step.name) for step in found.steps)
    for step in found.steps:
        outcome = click.style(f"{step.outcome.value:<7}", fg=_COLOURS[step.outcome.value])
        click.echo(f"{outcome}  {step.name:<{width}}  {printable(step.found)}")
        if step.means and step.outcome.value in ("failed", "warning"):
            click.echo(f"{'':<{9 + width}}  {printable(step.means)}")
    if not found.healthy and found.reached:
        render.hint("the smallest permissions that suffice: delivery doctor --policy")
