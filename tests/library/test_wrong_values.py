"""What is given instead of an id, a language or a link is unknown, in words; it becomes no stray built-in error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from delivery import LocalError, UsageError, compose_message, compose_reply, fetch, pack, renew, revoke, verify


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("x")
    return tmp_path / "a.txt"


@pytest.mark.parametrize("wrong", [None, 5, 2, b"site-1", ["site-1"]])
@pytest.mark.parametrize("verb", [compose_message, renew, revoke, lambda id: compose_reply("expired", id or 0)])
def test_what_is_no_id_is_an_unknown_delivery(work: Path, verb: Callable[[Any], object], wrong: Any) -> None:
    for delivered in (False, True):
        if delivered:
            pack([work], out=work.parent / "out", id="2-of-them")
        with pytest.raises(UsageError) as caught:
            verb(wrong)
        assert caught.value.code == "unknown-delivery" and caught.value.hint


def test_what_is_no_language_is_an_unknown_one(work: Path) -> None:
    made = pack([work], out=work.parent / "out")
    with pytest.raises(UsageError) as caught:
        compose_message(made.id, language=5)  # type: ignore[arg-type]
    assert caught.value.code == "unknown-language"


@pytest.mark.parametrize("wrong", [None, 5, b"https://example.com/x"])
def test_what_is_no_address_is_no_link(wrong: Any) -> None:
    with pytest.raises(UsageError) as caught:
        fetch(wrong)
    assert caught.value.code == "link-unusable"


def test_a_manifest_that_cannot_be_read_is_told_with_a_hint(work: Path) -> None:
    with pytest.raises(LocalError) as caught:
        verify(work / "delivery-manifest.json")
    assert caught.value.code in ("file-not-readable", "manifest-missing") and caught.value.hint  # the second on Windows
