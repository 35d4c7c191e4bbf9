from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.units import (
    check_duration,
    format_duration,
    format_size,
    format_utc,
    parse_duration,
    parse_size,
    write_duration,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("25MB", 25_000_000), ("25 MiB", 26_214_400), ("1.5 GB", 1_500_000_000), ("10k", 10_000), ("7 b", 7)],
)
def test_a_size_is_read_with_decimal_and_binary_units_apart(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "10 XB", "-1", "1,5 GB", "1e9"])
def test_a_bad_size_says_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="500MB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["9" * 19, "9" * 400, "9999999999 GB"])
def test_a_size_has_an_end(text: str) -> None:
    with pytest.raises(ValueError, match="more than any disk holds"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20), ("7d", 604_800), ("1d12h", 129_600), ("1 d 12 h", 129_600), ("0.5h", 1800)]
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "7", "7 days ago", "-1d", "0s", "d7", "1y", "99999999d"])
def test_a_bad_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(1, 36500 * 86400).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_that_is_written_is_read_back(value: timedelta) -> None:
    assert parse_duration(write_duration(value)) == value
    assert write_duration(timedelta(days=7)) == "7d" and write_duration(timedelta(hours=36)) == "1d12h"


@pytest.mark.parametrize("value", [timedelta(seconds=1), timedelta(days=7), timedelta(days=36500)])
def test_a_duration_within_a_texts_range_passes(value: timedelta) -> None:
    check_duration(value)


@pytest.mark.parametrize("value", [timedelta(-1), timedelta(0), timedelta(days=36501), timedelta.max, 3.5, "7d", None])
def test_a_value_that_no_text_stands_for_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        check_duration(value)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 KB"), (1024, "1 KiB"), (1_048_576, "1 MiB"),
        (25_000_000, "25 MB"), (26_214_400, "25 MiB"), (3_400_000_001, "3.4 GB"), (999_950, "1.0 MB"),
        (5_000_000_000, "5 GB"), (2_147_483_647, "2.1 GB"), (1_500_000_000_001, "1.5 TB"),
        (71_233_412 * 1024, "72.9 GB"), (1536 * 1024, "1.6 MB"), (1_500_000, "1.5 MB"),
    ],
)  # fmt: skip
def test_a_size_is_printed_exactly_where_that_is_short(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(min_value=1, max_value=10**15))
def test_a_printed_size_reads_back_to_about_the_same(size: int) -> None:
    printed = format_size(size).replace(",", "").replace("bytes", "b").replace("byte", "b")
    assert parse_size(printed) == pytest.approx(size, rel=0.06)


def test_a_duration_is_printed_with_its_two_largest_units() -> None:
    assert format_duration(timedelta(days=1, hours=1, minutes=5)) == "1 day 1 hour"
    assert format_duration(timedelta(seconds=20)) == "20 seconds"
    assert format_duration(timedelta(0)) == "0 seconds"


def test_a_moment_is_printed_in_utc() -> None:
    assert format_utc(datetime(2026, 11, 22, 10, 0, tzinfo=UTC)) == "2026-11-22T10:00:00Z"
