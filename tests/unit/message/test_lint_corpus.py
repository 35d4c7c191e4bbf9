"""The lint on sentences of the kind that sellers report: how much it finds, and how often it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

from delivery.message import lint
from delivery.model import Severity
from delivery.profile import Profile

CORPUS = Path(__file__).with_name("lint_corpus.tsv")
DOCS = Path(__file__).parents[3] / "docs" / "messages.md"
FIVERR = Profile("fiverr", "Fiverr", marketplace=True, message_chars=2500)


def sentences() -> list[tuple[str, str]]:
    lines = CORPUS.read_text("utf-8").splitlines()
    return [(label, text) for label, _, text in (line.partition("\t") for line in lines)]


def flagged(text: str) -> bool:
    return any(finding.severity is not Severity.INFO for finding in lint(text, FIVERR))


def test_what_it_misses_and_what_it_flags_wrongly_is_as_the_docs_say():
    held = [text for label, text in sentences() if label == "held"]
    fine = [text for label, text in sentences() if label == "fine"]
    borderline = [text for label, text in sentences() if label == "borderline"]
    assert len(held) + len(fine) + len(borderline) >= 200
    found = sum(map(flagged, held))
    wrong = sum(map(flagged, fine))
    recall, precision = found / len(held), found / (found + wrong)
    assert recall > 0.97
    assert precision > 0.97
    shown = " ".join(DOCS.read_text("utf-8").split())
    expected = (
        f"{len(held)} held, {len(fine)} fine, {len(borderline)} borderline:"
        f" precision {precision:.1%}, recall {recall:.1%}"
    )
    assert expected in shown, expected


def test_every_finding_points_at_what_it_names_and_offers_something():
    for _, text in sentences():
        for finding in lint(text, FIVERR):
            assert 0 <= finding.start < finding.end <= len(text)
            assert finding.found in {text[finding.start : finding.end], f"U+{ord(text[finding.start]):04X}"}
            assert finding.suggestion
            assert re.fullmatch(r"[a-z-]+", finding.code)
