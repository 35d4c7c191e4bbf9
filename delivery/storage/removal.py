"""Objects removed with all their versions, or, where the store keeps those, at least hidden from every link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from delivery.errors import StoreRefusedError
from delivery.escape import printable
from delivery.progress import Halt, NullProgress
from delivery.storage.bucket import VERSIONS, Bucket
from delivery.storage.documents import key_of, told
from delivery.storage.faults import ObjectGoneError
from delivery.storage.lanes import each

_KEPT = "the store keeps it as an old version: by a retention, or the key may not remove versions; no link opens it"


def remove(bucket: Bucket, keys: Sequence[str], *, versions: bool) -> None:
    """See :meth:`~delivery.storage.base.Store.delete`. ``versions``: the store may have them."""
    halt = Halt(bucket.watch.cancel)
    bucket = bucket.watched(replace(bucket.watch, cancel=halt))
    found = _versions(bucket, keys) if versions and keys else None
    progress = bucket.watch.progress
    with (progress if len(keys) > 1 else NullProgress()).task("removing", len(keys), "files") as task:

        def outlives(key: str) -> bool:
            stays = _outlives(bucket, key, None if found is None else found.get(key, ()))
            task.advance(1)
            return stays

        kept = [key for key, stays in zip(keys, each(keys, outlives, halt), strict=True) if stays]
    if kept:
        name = printable(kept[0].rpartition("/")[2])
        progress.note(f"{name if len(kept) == 1 else f'{name} and {len(kept) - 1:,} more'}: {_KEPT}")


def _outlives(bucket: Bucket, key: str, versions: Sequence[str] | None) -> bool:
    """Remove ``key`` with the versions that the store told of; whether there is one still, behind a marker."""
    try:
        for version in versions or ():
            _delete(bucket, key, {"versionId": version})
    except StoreRefusedError:
        return _delete(bucket, key, {})
    return not versions and _delete(bucket, key, {}) and versions is None


def _delete(bucket: Bucket, key: str, query: dict[str, str]) -> bool:
    """Whether nothing was removed, and a marker put before the versions."""

    def ask() -> bool:
        return bucket.request("DELETE", key, query).headers.get("x-amz-delete-marker") == "true"

    try:
        return bucket.ask("removing an object", ask)
    except ObjectGoneError:  # which some stores hold to be an error, also after a try whose answer was lost
        return False


def _versions(bucket: Bucket, keys: Sequence[str]) -> Mapping[str, Sequence[str]] | None:
    """Versions and delete markers by their keys; None where the store does not tell.

    They are listed by what the keys begin with: those of one delivery, a thousand at a time.
    """
    wanted, found = frozenset(keys), defaultdict[str, list[str]](list)

    def read(page: Element) -> Iterator[tuple[str, str]]:
        for row in (*page.iterfind("Version"), *page.iterfind("DeleteMarker")):
            if (key := key_of(row, page)) in wanted:
                yield key, told(row, "VersionId")

    try:
        for key, version in bucket.listed("listing versions", VERSIONS, read, prefix=_begin(keys)):
            found[key].append(version)
    except StoreRefusedError:
        return None
    return found


def _begin(keys: Sequence[str]) -> str:
    """What all of them begin with, as the two do that lie furthest apart."""
    first, last = min(keys), max(keys)
    differ = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(differ, len(first))]
