from __future__ import annotations

from delivery.nearest import nearest


def test_the_likest_come_first_and_strangers_not_at_all() -> None:
    assert nearest("fiver", {"fiverr": 1, "upwork": 2}) == ["fiverr"]
    assert nearest("retain", ["retries", "retain-for", "retained"], most=2) == ["retained", "retain-for"]
    assert nearest("zzz", ["fiverr"]) == []


def test_what_a_name_begins_comes_before_what_it_resembles() -> None:
    assert nearest("blocked", ["locked", "blocked-content", "blocked-type"]) == ["blocked-type"]
    assert nearest("", ["fiverr"]) == []
