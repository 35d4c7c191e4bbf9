from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.errors import StoreRefusedError, UsageError
from delivery.hosting.items import Uploaded
from delivery.hosting.links import UNKNOWN_END, check_life, sign, signed_end
from delivery.model import StoredObject
from delivery.storage.base import KeyLife, Quirks

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


PERMANENT = KeyLife(False)


def store(keys: KeyLife = PERMANENT, cap: timedelta | None = timedelta(days=7)) -> Any:
    return SimpleNamespace(name="mine", quirks=Quirks("Test store", presign_cap=cap), key_life=lambda: keys)


def test_permanent_keys_give_the_life_that_was_asked_for() -> None:
    life = check_life(store(), timedelta(days=7), now=NOW)
    assert (life.ends_at, life.reason) == (NOW + timedelta(days=7), "")


def test_beyond_the_cap_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(UsageError, match="at most 7 days, not 10 days") as caught:
        check_life(store(), timedelta(days=10), now=NOW)
    assert "--expires 7d" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        check_life(store(cap=timedelta(hours=1)), timedelta(days=10), now=NOW)
    assert "--expires 1h " in caught.value.hint


def test_no_cap_means_any_life() -> None:
    assert check_life(store(cap=None), timedelta(days=400), now=NOW).ends_at == NOW + timedelta(days=400)


def test_temporary_keys_end_the_link_when_they_end() -> None:
    ends_at = NOW + timedelta(hours=6)
    life = check_life(store(KeyLife(True, ends_at)), timedelta(days=7), now=NOW)
    assert life.ends_at == ends_at
    assert "2026-11-23T18:00:00Z" in life.reason


def test_temporary_keys_that_outlive_the_link_do_not_matter() -> None:
    keys = KeyLife(True, NOW + timedelta(hours=6))
    assert check_life(store(keys), timedelta(hours=1), now=NOW).ends_at == NOW + timedelta(hours=1)


def test_an_unknown_end_is_never_promised() -> None:
    life = check_life(store(KeyLife(True)), timedelta(hours=1), now=NOW)
    assert (life.ends_at, life.reason) == (None, UNKNOWN_END)


@pytest.mark.parametrize("keys", [KeyLife(True), KeyLife(True, NOW + timedelta(hours=1))])
def test_strict_refuses_what_cannot_be_promised(keys: KeyLife) -> None:
    with pytest.raises(StoreRefusedError, match="cannot be promised for 7 days"):
        check_life(store(keys), timedelta(days=7), now=NOW, strict=True)
    check_life(store(), timedelta(days=7), now=NOW, strict=True)


def test_ended_keys_are_an_error() -> None:
    with pytest.raises(StoreRefusedError, match="expired"):
        check_life(store(KeyLife(True, NOW)), timedelta(hours=1), now=NOW)


def test_the_end_is_read_from_the_link_itself() -> None:
    url = "https://b.example/k?X-Amz-Date=20261123T120000Z&X-Amz-Expires=3600&X-Amz-Signature=0"
    assert signed_end(url) == NOW + timedelta(hours=1)
    assert signed_end("https://b.example/k") is None


@pytest.mark.parametrize(
    ("keys", "code", "way"),
    [
        (
            KeyLife(True),
            "link-end-unknown",
            "AWS_CREDENTIAL_EXPIRATION",
        ),  # a longer session would not say its end either
        (KeyLife(True, NOW + timedelta(hours=23)), "link-end-early", "longer session"),
    ],
)
def test_a_required_life_that_is_not_sure_is_refused_and_says_how_to_have_it(
    keys: KeyLife, code: str, way: str
) -> None:
    with pytest.raises(StoreRefusedError, match="cannot be promised for the 1 day") as caught:
        check_life(store(keys), timedelta(days=7), now=NOW, required=timedelta(days=1))
    assert (caught.value.code, caught.value.exit_code) == (code, 5)
    assert way in caught.value.hint and "signing_profile in [store:mine]" in caught.value.hint


@pytest.mark.parametrize("keys", [PERMANENT, KeyLife(True, NOW + timedelta(hours=24))])
def test_a_required_life_that_is_sure_passes(keys: KeyLife) -> None:
    assert check_life(store(keys), timedelta(days=7), now=NOW, required=timedelta(days=1)).ends_at is not None


def signing(at: datetime, keys: KeyLife) -> Any:
    """A store that signs when an upload has ended, ``at``."""

    def presign(key: str, expires_in: timedelta, headers: object) -> str:
        return f"https://b.example/{key}?X-Amz-Date={at:%Y%m%dT%H%M%SZ}&X-Amz-Expires={int(expires_in.total_seconds())}"

    return SimpleNamespace(**vars(store(keys)), presign=presign)


UPLOADED = Uploaded(StoredObject("k", 1), "work.txt", "0" * 64)


def test_keys_that_end_within_the_time_that_an_upload_took_end_the_link() -> None:
    keys = KeyLife(True, NOW + timedelta(minutes=70))
    later = signing(NOW + timedelta(minutes=30), keys)
    (link,) = sign(later, [UPLOADED], expires_in=timedelta(hours=1), now=NOW)
    assert link.expires_at == keys.ends_at
    assert "credentials that sign it end at" in link.effective_reason
    (link,) = sign(later, [UPLOADED], expires_in=timedelta(minutes=30), now=NOW)
    assert (link.expires_at, link.effective_reason) == (NOW + timedelta(hours=1), "")


def test_keys_that_ended_during_the_upload_sign_nothing() -> None:
    later = signing(NOW + timedelta(minutes=30), KeyLife(True, NOW + timedelta(minutes=20)))
    with pytest.raises(StoreRefusedError, match="have expired"):
        sign(later, [UPLOADED], expires_in=timedelta(minutes=10), now=NOW)
