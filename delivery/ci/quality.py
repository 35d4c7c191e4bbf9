"""Findings in the Code Quality format that GitLab shows in merge requests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from delivery.escape import decodable
from delivery.model import Finding, Severity

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def code_quality(found: Iterable[Finding], places: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """One entry for each finding; ``places`` maps arcnames to where the files lie in the sources."""
    for item in found:
        path = decodable(places.get(item.path, item.path) or ".")
        digest = hashlib.sha256("\0".join((item.code, path, decodable(item.message))).encode()).hexdigest()
        yield {
            "description": decodable(f"{item.message}; {item.hint}" if item.hint else item.message),
            "check_name": item.code,
            "fingerprint": digest[:32],
            "severity": _SEVERITIES[item.severity],
            "location": {"path": path, "lines": {"begin": 1}},
        }
