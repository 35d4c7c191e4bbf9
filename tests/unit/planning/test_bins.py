"""Bin packing: nothing lost, nothing too full, few bins, folders together."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from delivery.planning import bins

SIZES = st.lists(st.integers(0, 100), max_size=60)


def check(made: bins.Bins, sizes: list[int], capacity: int, most: int | None) -> None:
    assert sorted(place for members in made for place in members) == list(range(len(sizes)))
    assert all(members == sorted(members) and members for members in made)
    assert all(sum(sizes[place] for place in members) <= capacity for members in made)
    assert most is None or all(len(members) <= most for members in made)


@given(SIZES, st.integers(100, 300), st.one_of(st.none(), st.integers(1, 10)), st.integers(1, 5))
def test_every_way_keeps_the_rules(sizes: list[int], capacity: int, most: int | None, wide: int) -> None:
    tight = bins.pack(sizes, capacity, most)
    kind = bins.pack_folders(sizes, lambda place: (str(place // wide // 3), str(place // wide)), capacity, most)
    for made in (tight, bins.pack_tight(sizes, capacity, most), bins.pack_in_order(sizes, capacity, most), kind):
        check(made, sizes, capacity, most)
    assert len(kind) <= len(tight)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=400), st.integers(10_000, 100_000))
def test_with_files_small_against_the_limit_at_most_one_bin_is_lost(sizes: list[int], capacity: int) -> None:
    made = bins.pack_folders(sizes, lambda place: (), capacity)
    assert len(made) <= -(-sum(sizes) // capacity) + 1


def test_folders_stay_together_where_it_costs_no_bin() -> None:
    sizes = [30] * 9
    made = bins.pack_folders(sizes, lambda place: (f"folder {place // 3}",), 100)
    assert made == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_a_folder_is_split_where_that_saves_a_bin() -> None:
    sizes = [60, 30, 60, 30, 10, 10]
    made = bins.pack_folders(sizes, lambda place: (("a",), ("b",), ("c",))[place // 2], 100)
    assert len(made) == 2


def test_a_folder_too_large_for_one_bin_is_split_by_the_folders_in_it() -> None:
    sizes = [40, 40, 40, 40]
    made = bins.pack_folders(sizes, lambda place: ("all", f"part {place // 2}"), 100)
    assert made == [[0, 1], [2, 3]]


def test_a_hundred_thousand_files_are_packed_close_to_the_bound() -> None:
    chance = random.Random(1)
    sizes = [chance.randint(1_000, 3_000_000) for _ in range(100_000)]
    made = bins.pack_folders(sizes, lambda place: (str(place // 500),), 100_000_000, 65_534)
    check(made, sizes, 100_000_000, 65_534)
    assert len(made) <= -(-sum(sizes) // 100_000_000) + 1


def test_where_a_few_files_fill_a_zip_a_search_finds_fewer_zips() -> None:
    chance = random.Random(1)
    sizes = [chance.randint(3_750_000, 11_250_000) for _ in range(300)]
    made = bins.pack_folders(sizes, lambda place: (), 25_000_000)
    check(made, sizes, 25_000_000, None)
    assert len(made) <= -(-sum(sizes) // 25_000_000) + 1
    assert len(made) < len(bins.pack(sizes, 25_000_000))


def test_where_the_count_decides_neighbours_stay_together_too() -> None:
    """Names differ in length, and so do the sizes of empty files: by size alone every folder would be torn apart."""
    folders = [(f"set {place // 10}",) for place in range(70)]
    sizes = [100 + place % 10 for place in range(70)]
    made = bins.pack_folders(sizes, lambda place: folders[place], 10**6, 65)
    assert made == [list(range(65)), list(range(65, 70))]
