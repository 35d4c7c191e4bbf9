"""JOIN.html on file:// in a real Firefox, which has no picker to stream into: it saves a Blob of the parts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import firefox
from support.firefox import Firefox, until
from support.parcel import NAME, SIZES, Parcel

from delivery.web.words import words

READY = words("en", "joiner")["whole_good"]
STATUS = "return document.querySelector('.whole [role=status]').textContent"
BUTTON = "return !document.querySelector('.whole button').checkVisibility()"

pytestmark = pytest.mark.skipif(firefox.PROGRAM is None, reason="no Firefox is installed")


@pytest.fixture(scope="module")
def window() -> Iterator[Firefox]:
    with firefox.firefox() as window:
        yield window


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    return Parcel(tmp_path / "parcel", random.Random(7).randbytes(sum(SIZES)))


def opened(window: Firefox, parcel: Parcel) -> None:
    window.ask("Navigate", url=parcel.address)


def saved(window: Firefox) -> bytes:
    window.click(".whole button")
    target = window.downloads / NAME
    until(lambda: target.exists() and not list(window.downloads.glob("*.part")) and target.stat().st_size == sum(SIZES))
    content = target.read_bytes()
    target.unlink()
    return content


def test_shuffled_and_renamed_parts_join_into_the_file(window: Firefox, parcel: Parcel) -> None:
    opened(window, parcel)
    renamed = parcel.copy(1, "Show reel – final.mp4 (1).002")
    window.choose("#choose", [parcel.parts[3], renamed, parcel.parts[0]])
    until(lambda: "3 of 4" in window.script(STATUS))
    assert parcel.parts[2].name in window.script(STATUS)
    assert window.script(BUTTON)
    window.choose("#choose", [parcel.parts[2]])
    until(lambda: window.script(STATUS) == READY)
    assert saved(window) == parcel.content


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda part: part[:150_000], "150 kB of 200 kB"),
        (lambda part: part[:-1] + bytes([part[-1] ^ 1]), "Damaged"),
    ],
    ids=["truncated", "corrupt"],
)
def test_a_bad_part_is_named_and_nothing_can_be_saved_before_it_is_mended(  # type: ignore[no-untyped-def]
    window: Firefox, parcel: Parcel, harm, told: str
) -> None:
    opened(window, parcel)
    bad = parcel.copy(1, parcel.parts[1].name, harm(parcel.parts[1].read_bytes()))
    window.choose("#choose", [parcel.parts[0], bad, *parcel.parts[2:]])
    row = "return document.querySelectorAll('ol.parts > li')[1].textContent"
    until(lambda: told in window.script(row))
    assert window.script(BUTTON)
    window.choose("#choose", [parcel.parts[1]])
    until(lambda: window.script(STATUS) == READY)
    assert saved(window) == parcel.content
