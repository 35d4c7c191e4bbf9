"""Objects removed with all their versions, or, where the store keeps those, at least hidden from every link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from delivery.errors import StoreRefusedError
from delivery.escape import printable
from delivery.storage.bucket import VERSIONS, Bucket
from delivery.storage.documents import key_of, told
from delivery.storage.faults import ObjectGoneError

_KEPT = "the store keeps it as an old version: by a retention, or the key may not remove versions; no link opens it"


def remove(bucket: Bucket, keys: Sequence[str], *, versions: bool) -> None:
    """See :meth:`~delivery.storage.base.Store.delete`. ``versions``: the store may have them."""
    kept = [key for key in keys if _outlives(bucket, key, versions)]
    if kept:
        name = printable(kept[0].rpartition("/")[2])
        bucket.watch.progress.note(f"{name if len(kept) == 1 else f'{name} and {len(kept) - 1:,} more'}: {_KEPT}")


def _outlives(bucket: Bucket, key: str, versions: bool) -> bool:
    """Remove ``key``; whether there is a version of it still, behind a marker."""
    found = _versions(bucket, key) if versions else []
    try:
        for version in found:
            _delete(bucket, key, {"versionId": version})
    except StoreRefusedError:
        return _delete(bucket, key, {})
    return not found and _delete(bucket, key, {})


def _delete(bucket: Bucket, key: str, query: dict[str, str]) -> bool:
    """Whether nothing was removed, and a marker put before the versions."""

    def ask() -> bool:
        return bucket.request("DELETE", key, query).headers.get("x-amz-delete-marker") == "true"

    try:
        return bucket.ask("removing an object", ask)
    except ObjectGoneError:  # which some stores hold to be an error, also after a try whose answer was lost
        return False


def _versions(bucket: Bucket, key: str) -> list[str]:
    """Versions and delete markers; none where the store keeps none, or does not tell."""

    def read(page: Element) -> Iterator[str]:
        for row in (*page.iterfind("Version"), *page.iterfind("DeleteMarker")):
            if key_of(row, page) == key:
                yield told(row, "VersionId")

    try:
        return list(bucket.listed("listing versions", VERSIONS, read, prefix=key))
    except StoreRefusedError:
        return []
