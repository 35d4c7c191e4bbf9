"""Precision and recall over the corpus of good, mutilated and leaky files, as a table that the documentation holds."""

from __future__ import annotations

import os
import sys

import pytest
from support import checks_table, corpus

from delivery.checks import RULES


@pytest.fixture(scope="module")
def scores():
    if os.name == "nt" or sys.platform == "darwin":
        pytest.skip("this system cannot hold some of the corpus' names")
    return checks_table.scores()


def test_there_are_more_than_25_types():
    assert len({name.rpartition(".")[2] for name in corpus.good()}) >= 25


def test_no_good_file_gives_a_finding():
    assert checks_table.found_in(corpus.good()) == {}


def test_every_mutilated_file_is_told():
    missed = [
        (done, name, found)
        for done, name, data, wanted in corpus.mutilated()
        if not (found := checks_table.found_in({name: data}).get(name, set())) & wanted
    ]
    assert missed == []


def test_every_rule_has_cases(scores):
    assert set(scores) == set(RULES)


def test_every_rule_is_right_nine_times_in_ten(scores):
    for code, score in scores.items():
        assert score.precision >= 0.9 and score.recall >= 0.9, (code, score)


def test_the_documentation_holds_the_table(scores):
    assert checks_table.as_text(scores) in checks_table.PAGE.read_text(encoding="utf-8"), (
        "run: PYTHONPATH=.:tests python -m support.checks_table"
    )
