from __future__ import annotations

from delivery.nearest import nearest


def test_the_likest_come_first_and_strangers_not_at_all() -> None:
    assert nearest("fiver", {"fiverr": 1, "upwork": 2}) == ["fiverr"]
    assert nearest("retain", ["retries", "retain-for", "retained"], most=2) == ["retained", "retain-for"]
    assert nearest("zzz", ["fiverr"]) == []
