"""A folder of files becomes findings, the way that the commands do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery import checks, intake
from delivery.intake.observe import observe
from delivery.model import Finding
from delivery.options import CheckOptions
from delivery.profile import Profile

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
PLAIN = Profile("none", "no platform")

Check = Callable[..., tuple[Finding, ...]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Writes the given files, takes them in, observes and checks them."""

    def run(
        files: Mapping[str, bytes],
        profile: Profile = PLAIN,
        *,
        keep_junk: bool = False,
        digests: bool = False,
        **options: object,
    ) -> tuple[Finding, ...]:
        root = tmp_path / "work"
        for name, data in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        deliverable = intake.take_in([root], keep_junk=keep_junk)
        if digests:
            from dataclasses import replace

            deliverable = replace(deliverable, entries=intake.with_digests(deliverable.entries))
        chosen = CheckOptions(**options)  # type: ignore[arg-type]
        observations = observe(deliverable, options=chosen)
        return checks.run(deliverable, observations, profile, chosen, now=NOW)

    return run


def codes(findings: tuple[Finding, ...], path: str | None = None) -> set[str]:
    return {finding.code for finding in findings if path is None or finding.path == path}


@pytest.fixture(name="codes")
def codes_fixture() -> Callable[..., set[str]]:
    return codes
