"""A sent object compared with what was sent, as far as the store can prove it, and noted in the journal."""

from __future__ import annotations

import hashlib

from delivery.errors import IntegrityError
from delivery.escape import printable
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.run import Run
from delivery.model import StoredObject
from delivery.storage.answers import crc_text
from delivery.storage.watch import Watch


def settled(run: Run, item: Upload, key: str, digest: str, tag: str, etag: str, crc32: int | None) -> Uploaded:
    """Compare the stored object with the source as far as the store can prove it, and note it."""
    try:
        stored = _compared(run, item, key, digest, etag, crc32)
    except IntegrityError:
        if run.journal is not None:
            run.journal.note_dropped(key)
        run.store.watched(Watch(attempts=2, progress=run.progress)).delete([key])
        raise
    return noted(run, item, stored, digest, tag)


def noted(run: Run, item: Upload, stored: StoredObject, digest: str, tag: str) -> Uploaded:
    if run.journal is not None:
        run.journal.note_done(stored.key, stored.size, digest, tag)
    return uploaded(item, stored, digest)


def uploaded(item: Upload, stored: StoredObject, digest: str) -> Uploaded:
    return Uploaded(stored, item.name, digest, item.media_type, item.inline, item.members)


def _compared(run: Run, item: Upload, key: str, digest: str, etag: str, crc32: int | None) -> StoredObject:
    name = printable(item.name)
    found = run.store.look(key)
    if found is None or found.stored.size != item.entry.size:
        told = "nothing" if found is None else f"{found.stored.size:,} bytes"
        raise IntegrityError(
            f"{name}: {item.entry.size:,} bytes were sent but the store holds {told}",
            hint="run the same command again; if it happens again the store loses data",
        )
    if run.store.quirks.md5_etags and etag and found.etag != etag:
        raise _other_bytes(name)
    if crc32 is not None and found.stored.checksum not in (None, f"crc32:{crc_text(crc32)}"):
        raise _other_bytes(name)
    if run.options.verify:
        read_back(run, item, key, digest)
        return found.stored._replace(key=key, checksum=f"sha256:{digest}")
    return found.stored._replace(key=key)


def read_back(run: Run, item: Upload, key: str, digest: str) -> None:
    """Raise IntegrityError where the stored bytes do not have ``digest``."""
    read = hashlib.sha256()
    with run.progress.task(f"reading back {printable(item.name)}", item.entry.size, "bytes") as task:
        for block in run.store.read(key) if item.entry.size else ():
            run.halt.check()
            read.update(block)
            task.advance(len(block))
    if read.hexdigest() != digest:
        raise _other_bytes(printable(item.name))


def _other_bytes(name: str) -> IntegrityError:
    return IntegrityError(
        f"{name}: the store holds other bytes than were sent; they were removed",
        hint="run the same command again; if it happens again the store or a proxy before it damages data",
    )
