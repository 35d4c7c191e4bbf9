"""Numbers and times as stores tell them, odd ones too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from delivery.storage.answers import moment_of, retry_after, whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_number_of_bytes(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "1\n", "0x1", "٣", "²", "9" * 19, "9" * 5000])
def test_what_no_object_can_have_is_no_number(text: str) -> None:
    assert whole_number(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 29 Nov 2026 10:00:00 GMT",
        "Sun, 29 Nov 2026 10:00:00 -0000",
        "Sun, 29 Nov 2026 12:00:00 +0200",
        "2026-11-29T10:00:00Z",
        "2026-11-29T10:00:00.000",
    ],
)
def test_a_time_is_told_in_many_ways_and_without_a_zone_it_is_utc(text: str) -> None:
    assert moment_of(text) == datetime(2026, 11, 29, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "7",
        "Mon, 99 Foo",
        "Mon, 01 Jan 99999 00:00:00 GMT",
        f"Mon, 01 Jan {'9' * 5000} 00:00:00 GMT",
        "Mon, 01 Jan 2024 00:00:00 +9999999",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert moment_of(text) is None


def test_a_wait_is_asked_for_in_seconds_or_up_to_a_date_by_the_stores_own_clock() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    told = {"retry-after": "Sun, 29 Nov 2026 10:00:07 GMT", "date": "Sun, 29 Nov 2026 10:00:00 GMT"}
    assert retry_after(told) == 7
    soon = retry_after({"retry-after": format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)})
    assert soon is not None and 50 < soon <= 60


@pytest.mark.parametrize("text", ["", "soon", "-5", "0.5", "٣"])
def test_what_asks_for_no_wait(text: str) -> None:
    assert retry_after({"retry-after": text}) is None
