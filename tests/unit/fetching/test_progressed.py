from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.fetching.progressed import Ranges, Record

SIZE = 60
VERSION = ('"v1"', "Mon, 23 Nov 2026 00:00:00 GMT")
spans = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), max_size=12)


@given(spans)
def test_ranges_are_the_bytes_that_were_added(added: list[tuple[int, int]]) -> None:
    ranges, there = Ranges(), set[int]()
    for start, end in added:
        ranges.add(start, end)
        there |= set(range(start, end))
    missing = {byte for start, end in ranges.missing(SIZE) for byte in range(start, end)}
    assert missing == set(range(SIZE)) - there
    assert ranges.size == len(there)
    assert ranges.front == next((byte for byte in range(SIZE + 1) if byte not in there), SIZE)
    assert all(start < end for start, end in ranges.missing(SIZE))


def test_a_record_is_read_back_however_a_kill_tore_it(tmp_path: Path) -> None:
    path = tmp_path / "r.done"
    record = Record(path)
    record.begin(1000, VERSION)
    record.note(0, 100)
    record.note(400, 512)
    record.close()
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        found = Record(path).read(1000)
        if found is not None:
            missing = {byte for start, end in found[1].missing(1000) for byte in range(start, end)}
            assert found[0] == VERSION
            assert missing >= set(range(100, 400)) | set(range(512, 1000))
    path.write_bytes(whole[:-2])
    again = Record(path)
    again.go_on()
    again.note(600, 700)
    again.close()
    found = Record(path).read(1000)
    assert found is not None and (600, 700) not in found[1].missing(1000)


def test_spans_that_nothing_else_proves_count_only_with_the_bytes_that_they_had(tmp_path: Path) -> None:
    path, part = tmp_path / "r.done", tmp_path / "r.part"
    part.write_bytes(bytes(range(100)) * 10)
    record = Record(path, part)
    record.begin(1000, VERSION)
    record.note(0, 100)
    record.note(400, 512)
    record.close()
    whole = path.read_bytes()
    part.write_bytes(part.read_bytes()[:450] + bytes(550))
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        found = Record(path, part).read(1000)
        assert found is None or found[1].missing(1000) in ([(0, 1000)], [(100, 1000)])
    part.unlink()
    found = Record(path, part).read(1000)
    assert found is not None and found[1].size == 0


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", '{"size": 999, "etag": "a", "modified": ""}', '{"size": 1000, "etag": "", "modified": ""}'],
)
def test_a_record_of_something_else_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "r").write_text(text + "\n0 100\n")
    assert Record(tmp_path / "r").read(1000) is None


def test_lines_beyond_the_file_and_nonsense_are_passed_over(tmp_path: Path) -> None:
    head = '{"size": 1000, "etag": "a", "modified": ""}\n'
    (tmp_path / "r").write_text(head + "900 1001\n5 5\n9 3\n-1 4\nnoise\n\n10 20\n")
    found = Record(tmp_path / "r").read(1000)
    assert found is not None
    assert found[1].missing(1000) == [(0, 10), (20, 1000)]
