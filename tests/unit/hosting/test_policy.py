from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from delivery.hosting.policy import RULE, expires_objects, tidies_parts, tidy_rules


def rule(days: int, **narrowed: Any) -> dict[str, Any]:
    return {"ID": "theirs", "Status": "Enabled", "Filter": narrowed, "Expiration": {"Days": days}}


@pytest.mark.parametrize(
    ("narrowed", "days"),
    [
        ({}, 1),
        ({"Prefix": "wo"}, 1),
        ({"Prefix": "logs/"}, None),
        ({"And": {"Prefix": "work/", "ObjectSizeGreaterThan": 9}}, 1),
        ({"And": {"Prefix": "logs/", "ObjectSizeGreaterThan": 9}}, None),
        ({"And": {"Prefix": "work/", "Tags": [{"Key": "temporary", "Value": "yes"}]}}, None),
        ({"Tag": {"Key": "temporary", "Value": "yes"}}, None),
    ],
)
def test_a_rule_counts_where_it_covers_deliveries(narrowed: dict[str, Any], days: int | None) -> None:
    assert expires_objects([rule(1, **narrowed)], "work/") == days


def test_each_prefix_of_a_bucket_keeps_a_rule_of_its_own() -> None:
    rules: list[dict[str, Any]] = [rule(9, Prefix="logs/")]
    for prefix, keep in (("work/", 10), ("clients/", 20), ("", 5), ("work/", 30)):
        rules = tidy_rules(rules, prefix, timedelta(days=keep))
        assert len({rule["ID"] for rule in rules}) == len(rules)
    assert [expires_objects(rules, prefix) for prefix in ("work/", "clients/", "logs/")] == [30, 20, 9]
    assert all(tidies_parts(rules, prefix) for prefix in ("work/", "clients/", ""))
    assert len(rules) == 4
    assert RULE in {rule["ID"] for rule in rules}
