"""Bin packing: the fewest bins first, then neighbours together where that costs no extra bin. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from operator import neg

Bins = list[list[int]]
"""Each bin as the places of its items, ascending."""


def pack(sizes: Sequence[int], capacity: int, most: int | None = None) -> Bins:
    """The items (by place) in few bins of at most ``capacity`` in sum and ``most`` items each, by first fit decreasing.

    No item may be larger than ``capacity``. Bins come in the order of their first item.
    """
    return _first_fit(sizes, range(len(sizes)), capacity, most, [])


def _first_fit(sizes: Sequence[int], places: Iterable[int], capacity: int, most: int | None, bins: Bins) -> Bins:
    """``places``, largest first, each into the first of ``bins`` or the new ones that takes it."""
    order = sorted(places, key=lambda place: (-sizes[place], place))
    room = _Room(len(bins) + len(order), capacity)
    for number, members in enumerate(bins):
        used = sum(sizes[place] for place in members)
        room.set(number, -1 if most is not None and len(members) >= most else capacity - used)
    for place in order:
        chosen = room.first_with(sizes[place])
        if chosen == len(bins):
            bins.append([])
        bins[chosen].append(place)
        full = most is not None and len(bins[chosen]) >= most
        room.set(chosen, -1 if full else room.left(chosen) - sizes[place])
    for members in bins:
        members.sort()
    return sorted(bins, key=lambda members: members[0])


_STEPS = 3_000
"""Of the search for one bin, where there are few; the search for all takes about a second at most."""


def pack_tight(sizes: Sequence[int], capacity: int, most: int | None = None) -> Bins:
    """Fewer bins than :func:`pack` finds where a few items fill one, at the price of a search.

    Bin by bin, the largest item that is left and those others that leave the least room; crumbs fill what remains.
    """
    crumb = capacity // 64
    left = sorted((place for place in range(len(sizes)) if sizes[place] > crumb), key=lambda place: -sizes[place])
    bins: Bins = []
    steps = min(_STEPS, 1_000 * _STEPS // max(len(sizes), 1))
    while left:
        chosen = _fullest([sizes[place] for place in left], capacity, most or len(left), steps)
        bins.append([left[at] for at in chosen])
        taken = set(chosen)
        left = [place for at, place in enumerate(left) if at not in taken]
    crumbs = [place for place in range(len(sizes)) if sizes[place] <= crumb]
    return _first_fit(sizes, crumbs, capacity, most, bins)


def _fullest(sizes: Sequence[int], capacity: int, most: int, steps: int) -> list[int]:
    """The first of the descending ``sizes`` and others with it that come closest to ``capacity``, after some search."""
    best: list[int] = []
    least = capacity + 1
    chosen = [0]
    room = capacity - sizes[0]
    at = 1
    while True:
        steps -= 1
        at = bisect_left(sizes, -room, at, key=neg)  # the first that still fits
        if at < len(sizes) and len(chosen) < most and room:
            chosen.append(at)
            room -= sizes[at]
            at += 1
            continue
        if room < least:
            best, least = list(chosen), room
        if least * 2_000 <= capacity or steps <= 0 or len(chosen) == 1:
            return best
        at = chosen.pop()
        room += sizes[at]
        at = bisect_right(sizes, -sizes[at], at, key=neg)  # an equal one would lead to the same


def pack_in_order(sizes: Sequence[int], capacity: int, most: int | None = None) -> Bins:
    """The items in runs of neighbours, each run as long as it fits."""
    bins: Bins = []
    left, count = -1, 0
    for place, size in enumerate(sizes):
        if size > left or count == most:
            bins.append([])
            left, count = capacity, 0
        bins[-1].append(place)
        left -= size
        count += 1
    return bins


def pack_folders(
    sizes: Sequence[int], folders: Callable[[int], tuple[str, ...]], capacity: int, most: int | None = None
) -> Bins:
    """The fewest bins that any of several ways finds, and of those ways the one that best keeps folders together.

    ``folders(place)`` names the folders of an item from the outermost in; items of one folder must be neighbours.
    """
    floor = max(-(-sum(sizes) // capacity), -(-len(sizes) // most) if most else 0, 1)
    best: Bins | None = None
    for way in _ways(sizes, folders, capacity, most):
        bins = way()
        if best is None or len(bins) < len(best):
            best = bins
        if len(best) <= floor:
            break
    return best or []


def _ways(
    sizes: Sequence[int], folders: Callable[[int], tuple[str, ...]], capacity: int, most: int | None
) -> list[Callable[[], Bins]]:
    """From the kindest to the tightest: whole folders, runs of neighbours, ever smaller folders, single files."""

    def whole_folders(share: int) -> Bins:
        units = _units(sizes, folders, capacity // share, most)
        bins = pack([sum(sizes[place] for place in unit) for unit in units], capacity)
        joined = [sorted(place for unit in members for place in units[unit]) for members in bins]
        if most is not None and any(len(members) > most for members in joined):
            return pack_in_order(sizes, capacity, most)
        return sorted(joined, key=lambda members: members[0])

    return [
        lambda: whole_folders(1),
        lambda: pack_in_order(sizes, capacity, most),
        *(partial(whole_folders, share) for share in (2, 4, 8, 16)),
        lambda: pack(sizes, capacity, most),
        lambda: pack_tight(sizes, capacity, most) if len(sizes) <= _SEARCHED else pack(sizes, capacity, most),
    ]


_FILES = -1
_SEARCHED = 10_000
"""Items up to which a search for fewer bins is worth its time."""


def _units(
    sizes: Sequence[int], folders: Callable[[int], tuple[str, ...]], threshold: int, most: int | None
) -> list[list[int]]:
    """The largest folders that are at most ``threshold`` in sum, whole; the rest file by file."""
    units: list[list[int]] = []
    waiting: list[tuple[list[int], int]] = [(list(range(len(sizes))), 0)]
    while waiting:
        places, depth = waiting.pop()
        if depth == _FILES:
            units += ([place] for place in places)
        elif depth > 0 and sum(sizes[place] for place in places) <= threshold and (most is None or len(places) <= most):
            units.append(places)
        else:
            below = groupby(places, key=lambda place: folders(place)[depth : depth + 1])
            waiting += reversed([(list(group), depth + 1 if name else _FILES) for name, group in below])
    return units


class _Room:
    """What is left in each bin, with the first bin that still takes a size found in logarithmic time."""

    def __init__(self, bins: int, capacity: int) -> None:
        self._leaves = 1 << max(bins - 1, 0).bit_length()
        self._tree = [capacity] * (2 * self._leaves)

    def left(self, place: int) -> int:
        return self._tree[self._leaves + place]

    def set(self, place: int, room: int) -> None:
        node = self._leaves + place
        self._tree[node] = room
        node >>= 1
        while node:
            larger = max(self._tree[2 * node], self._tree[2 * node + 1])
            if self._tree[node] == larger:
                break
            self._tree[node] = larger
            node >>= 1

    def first_with(self, size: int) -> int:
        node = 1
        while node < self._leaves:
            node *= 2
            if self._tree[node] < size:
                node += 1
        return node - self._leaves
