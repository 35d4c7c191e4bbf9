from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from delivery import platforms
from delivery.config import Settings
from delivery.errors import UsageError
from delivery.options import PlatformOptions


@pytest.mark.parametrize("name", platforms.all_profiles())
def test_each_shipped_profile_says_where_it_is_known_from(name: str) -> None:
    profile = platforms.get(name)
    if name == "none":
        return
    assert profile.sources
    assert profile.checked_on is not None
    limits = profile.limits
    assert limits.file_bytes or limits.message_bytes
    if profile.confirmed:
        assert all(source.official for source in profile.sources)


def test_fiverrs_limits_are_totals_of_a_message() -> None:
    order, inbox = platforms.get("fiverr"), platforms.get("fiverr-inbox")
    assert (order.limits.file_bytes, order.limits.message_bytes) == (None, 5_000_000_000)
    assert (inbox.limits.file_bytes, inbox.limits.message_bytes) == (None, 1_000_000_000)


def test_an_unknown_platform_suggests_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        platforms.get("fivver")
    assert "did you mean 'fiverr'?" in caught.value.hint


def test_the_users_platform_is_added_and_a_shipped_one_overridden() -> None:
    settings = Settings(
        platforms={
            "club": PlatformOptions(title="The club", file_limit=7, markup="html", blocked_types=(".EXE",)),
            "gmail": PlatformOptions(message_limit=10),
        }
    )
    club, gmail = platforms.get("club", settings), platforms.get("gmail", settings)
    assert (club.title, club.limits.file_bytes, club.blocked_types) == ("The club", 7, {"exe"})
    assert (club.markup, gmail.markup) == ("html", "plain")
    assert (gmail.limits.message_bytes, gmail.confirmed) == (10, False)
    assert "exe" in gmail.blocked_types
    assert "your configuration" in gmail.note
    assert platforms.get("gmail").limits.message_bytes == 25_000_000


def test_an_old_check_is_said_to_be_old() -> None:
    fiverr = platforms.get("fiverr")
    assert not platforms.is_old(fiverr, date(2027, 10, 1))
    assert platforms.is_old(fiverr, date(2028, 1, 1))


def test_the_profiles_ship_in_the_package() -> None:
    assert (Path(platforms.__file__).parent / "profiles.toml").is_file()
