"""The bounded look at a file: the same bytes everywhere, and never more than the budget."""

from __future__ import annotations

import os

import pytest

from delivery.intake.look import look
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers.view import HEAD, Exhausted, View

DATA = bytes(range(256)) * 1024


@pytest.mark.parametrize("positioned", [True, False], ids=["pread", "seek and read"])
def test_a_descriptor_gives_what_the_file_holds(tmp_path, monkeypatch, positioned):
    if positioned and not hasattr(os, "pread"):
        pytest.skip("this system has no pread")
    if not positioned:
        monkeypatch.delattr(os, "pread", raising=False)
    path = tmp_path / "file"
    path.write_bytes(DATA)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        view = View.of_descriptor(descriptor, len(DATA))
        for offset, count in ((0, 10), (HEAD - 5, 10), (len(DATA) - 3, 10), (100_000, 1000)):
            assert view.at(offset, count) == DATA[offset : offset + count]
        assert view.tail == DATA[-HEAD:]
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(("offset", "count"), [(-1, 5), (len(DATA), 5), (2**70, 5), (0, 0), (0, -5)])
def test_outside_there_is_nothing(offset, count):
    assert View.of_bytes(DATA).at(offset, count) == b""


def test_a_file_that_was_cut_short_meanwhile_tells_nothing():
    view = View(lambda offset, count: b"", 1000, name="a.jpg")
    look(view)
    assert view.facts == []


def test_the_budget_of_bytes_ends():
    view = View(lambda offset, count: bytes(count), 10**12, budget=10**6)
    with pytest.raises(Exhausted):
        for at in range(0, 10**9, 10**5):
            view.at(HEAD + at, 10**5)


def test_facts_of_one_kind_are_few_and_short():
    view = View.of_bytes(b"x")
    for number in range(1000):
        view.note(Seen.GPS, "long " * 1000 + str(number), str(number))
    view.damaged("it is cut off")
    assert len(view.facts) < 20 and view.facts[-1].kind is Seen.DAMAGED
    assert all(len(fact.detail) <= 200 for fact in view.facts)


def test_an_endless_chain_of_chunks_ends_with_the_budget():
    chunk = (0).to_bytes(4, "big") + b"abCD" + bytes(4)
    header = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + b"IHDR" + b"\0\0\0\1\0\0\0\1" + bytes(9)

    def read(offset: int, count: int) -> bytes:
        body = (header + chunk * (count // 12 + 4)) if offset < len(header) else chunk * (count // 12 + 2)
        start = offset if offset < len(header) else (offset - len(header)) % 12
        return body[start : start + count]

    view = View(read, 10**12, name="a.png")
    look(view)
    assert view.facts == [Fact(Seen.UNSEEN, Exhausted.told)]
