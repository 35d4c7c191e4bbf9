"""Lists of a store in pages, of which some fail at first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.faulty import once, proxy_before
from support.stores import opened

from delivery.storage import ObjectHeaders
from delivery.storage.bucket import OBJECTS, PARTS, UPLOADS, VERSIONS, Listing


class OneByte:
    size = 1

    def blocks(self) -> Iterator[memoryview]:
        yield memoryview(b"x")

    def sha256(self) -> str | None:
        return None


pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.mark.parametrize("kind", ["moto", pytest.param("ceph", marks=pytest.mark.heavy)])
@pytest.mark.parametrize("harm", ["500 InternalError", "reset", "cut"])
def test_every_page_of_a_list_comes_although_one_of_them_fails_at_first(
    kind: str, harm: str, request: pytest.FixtureRequest
) -> None:
    with proxy_before(request.getfixturevalue(f"{kind}_address")) as proxy:
        store = opened(proxy.address, kind)
        headers = ObjectHeaders("text/plain", "attachment")
        for number in range(5):
            store.put(f"k{number}", OneByte(), headers, metadata={})
        uploads = [store.begin("p", headers, metadata={}) for _ in range(5)]
        for number in range(1, 6):
            store.put_part("p", uploads[0], number, OneByte())
        lists: list[tuple[Listing, str, dict[str, str]]] = [
            (OBJECTS, "Contents", {"max_keys": "2"}),
            (VERSIONS, "Version", {"max_keys": "2"}),
            (PARTS, "Part", {"max_parts": "2", "key": "p", "uploadId": uploads[0]}),
            (UPLOADS, "Upload", {"max_uploads": "2"}),
        ]
        if kind == "moto":  # it gives them all at once
            lists.pop()
        for listing, row, wanted in lists:
            asked = len(proxy.seen)
            proxy.rule = once(harm, lambda seen, asked=asked: len(proxy.seen) > asked)
            counts = store.listed("listing", listing, lambda page, row=row: [len(page.findall(row))], **wanted)  # type: ignore[attr-defined]
            assert list(counts) == [2, 2, 1], row
            assert len(proxy.seen) == asked + 4
