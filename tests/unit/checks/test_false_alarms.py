"""Rules on leaks and on the wrong thing flag at most one honest file in a thousand."""

from __future__ import annotations

import pytest
from support import trees


@pytest.mark.slow
@pytest.mark.parametrize("name", trees.trees())
def test_trees_of_honest_files_are_left_in_peace(name):
    count, suspects = trees.flagged(trees.trees()[name])
    wrong = {item.path for item in suspects}
    told = [(item.code, item.path, item.message) for item in suspects]
    assert len(wrong) <= max(1, count / trees.BUDGET), told
