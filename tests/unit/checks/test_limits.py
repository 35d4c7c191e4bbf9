"""Every shipped platform at its limits: one below and exactly there is silent, one above is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from delivery import checks, platforms
from delivery.config import Settings
from delivery.intake import Observations
from delivery.model import Deliverable, FileEntry
from delivery.options import CheckOptions
from delivery.profile import Profile

PROFILES = platforms.all_profiles(Settings())
PROFILES = PROFILES.values() if hasattr(PROFILES, "values") else PROFILES
LIMITED = [(profile, limit) for profile in PROFILES for limit in ("file_bytes", "message_bytes", "message_files")]


def found(profile: Profile, sizes: list[int], ending: str = "zip") -> set[str]:
    entries = tuple(FileEntry("x", f"{number:04d}.{ending}", size, 0) for number, size in enumerate(sizes))
    options = CheckOptions()
    return {
        item.code
        for item in checks.run(Deliverable("d", entries), Observations(), profile, options, now=datetime.now(UTC))
    }


@pytest.mark.parametrize(
    ("profile", "limit"),
    [case for case in LIMITED if getattr(case[0].limits, case[1]) is not None],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_each_limit_of_each_platform(profile: Profile, limit: str):
    value = getattr(profile.limits, limit)
    code = {
        "file_bytes": "over-file-limit", "message_bytes": "over-message-limit", "message_files": "too-many-files",
    }[limit]  # fmt: skip

    def at(amount: int) -> bool:
        return code in found(profile, [1] * amount if limit == "message_files" else [amount])

    assert (at(value - 1), at(value), at(value + 1)) == (False, False, True)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_what_a_platform_does_not_state_is_not_checked(profile: Profile):
    huge = [10**15]
    codes = found(profile, huge)
    assert ("over-file-limit" in codes) == (profile.limits.file_bytes is not None)
    assert ("over-message-limit" in codes) == (profile.limits.message_bytes is not None)


@pytest.mark.parametrize(
    ("profile", "ending"),
    [(profile, ending) for profile in PROFILES for ending in sorted(profile.blocked_types)],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_blocked_type_of_each_platform_is_told(profile: Profile, ending: str):
    assert found(profile, [1], ending) & {"blocked-type", "type-needs-zip"}
    assert found(profile, [1], ending.upper()) & {"blocked-type", "type-needs-zip"}


@pytest.mark.parametrize(
    "profile", [item for item in PROFILES if item.allowed_types is not None], ids=lambda profile: profile.name
)
def test_what_is_not_on_a_list_of_allowed_types_is_told(profile: Profile):
    assert "type-needs-zip" in found(profile, [1], "qqq")
    for ending in profile.allowed_types or ():
        assert not found(profile, [1], ending) & {"blocked-type", "type-needs-zip"}
