"""The delivery page and its manifest put into the bucket, and put there again when their links are renewed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from delivery.errors import DeliveryError, IntegrityError, StoreRefusedError
from delivery.hosting import page
from delivery.hosting.bodies import PiecesBody
from delivery.hosting.items import Uploaded
from delivery.hosting.links import sign, try_links
from delivery.hosting.names import OURS, headers_for
from delivery.hosting.record import refuse_others
from delivery.model import Delivery, FileEntry, Link, first_end
from delivery.progress import CancelToken, Grace
from delivery.storage.base import TAG, Store
from delivery.storage.faults import ObjectGoneError
from delivery.storage.watch import Watch


def publish(
    store: Store,
    key: str,
    *,
    name: str,
    links: Sequence[Link],
    files: Sequence[FileEntry],
    expires_in: timedelta,
    now: datetime,
    order: str | None = None,
    note: str | None = None,
    language: str = "en",
    manifest: str | None = None,
    kept: Mapping[str, tuple[str, ...]] | None = None,
    cancel: CancelToken | None = None,
) -> Link:
    """Render the page over ``links``, store it under ``key`` and hand back its own link, tried.

    ``manifest`` is the link of the manifest that lists the same links, for `delivery fetch`.
    ``kept`` are the thumbnails of an earlier page, for when the files are not at hand any more.
    """
    cancel = cancel or CancelToken()
    shown = page.page_files(links, files, kept=kept, cancel=cancel)
    data = page.render(
        name, shown, expires_at=first_end(links), order=order, note=note, language=language, manifest=manifest
    )
    return put_document(
        store, key, lambda: [data], name=page.FILENAME, media_type=page.MEDIA_TYPE, inline=True,
        expires_in=expires_in, now=now, cancel=cancel,
    )  # fmt: skip


def put_document(
    store: Store,
    key: str,
    pieces: Callable[[], Iterable[bytes]],
    *,
    name: str,
    media_type: str,
    inline: bool = False,
    expires_in: timedelta,
    now: datetime,
    cancel: CancelToken | None = None,
) -> Link:
    """Store all ``pieces`` under ``key``, over what may be there, and hand back its link, tried."""
    cancel = cancel or CancelToken()
    headers, body = headers_for(name, media_type, inline=inline), PiecesBody(pieces)
    watched = store.watched(Watch(cancel=cancel))
    watched.put(key, body, headers, metadata={TAG: secrets.token_hex(16)})
    found = watched.look(key)
    if found is None or found.stored.size != body.size:
        raise IntegrityError(f"{name} is not in the store as it was sent", hint="run the same command again")
    uploaded = Uploaded(found.stored, name, body.sha256(), media_type, inline=inline)
    (link,) = try_links(sign(store, [uploaded], expires_in=expires_in, now=now), inline=inline, cancel=cancel)
    return link


@contextmanager
def unless_revoked(store: Store, delivery: Delivery, *, cancel: CancelToken) -> Iterator[None]:
    """The page and manifest that the block puts anew go again where the files of ``delivery`` have gone meanwhile.

    Another machine revokes by removing all, and then proves of each key that its link is dead. So what was put before
    that proof is found by it, and what is put after it finds no file there any more. Raises StoreRefusedError then.
    """
    watched, gone = store.watched(Watch(attempts=3, cancel=Grace(cancel))), False
    try:
        yield
    except DeliveryError:
        with suppress(DeliveryError):  # what went wrong first counts
            gone = _taken_back(watched, delivery)
        if not gone:
            raise
    else:
        gone = _taken_back(watched, delivery)
    if gone:
        raise StoreRefusedError(
            f"the links of {delivery.id} were ended while they were renewed: its files are gone from the store",
            hint="send it again with: delivery send",
            code="revoked",
        )


def _taken_back(store: Store, delivery: Delivery) -> bool:
    """Whether the files have gone, and page and manifest with them. Raises UsageError where a later run has others."""
    if store.look(delivery.links[0].key) is not None:
        return False
    refuse_others(store, delivery)
    store.delete([f"{delivery.prefix}{name}" for name in OURS])
    return True


def republish(
    store: Store, delivery: Delivery, *, expires_in: timedelta, now: datetime, cancel: CancelToken | None = None
) -> Link:
    """The page of a delivery again, under its own key, over the links that ``delivery`` has now."""
    assert delivery.page is not None
    key = delivery.page.key
    try:
        former = b"".join(store.read(key))
    except ObjectGoneError:
        former = b""
    return publish(
        store,
        key,
        name=delivery.plan.deliverable.name,
        links=delivery.links,
        files=delivery.files,
        expires_in=expires_in,
        now=now,
        order=delivery.order,
        note=page.note_of(former),
        language=delivery.language,
        manifest=delivery.manifest.url,
        kept=page.thumbnails_of(former),
        cancel=cancel,
    )
