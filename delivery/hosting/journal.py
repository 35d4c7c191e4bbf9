"""The memory of an upload: what was sent where, so that the same command goes on after a kill, a cut or a reboot.

One file of JSON lines per delivery in the user's state folder, locked for as long as a run works on it. It holds keys
of objects but no url and no credential. A torn last line, as a kill leaves it, is ignored. Deliveries with a name of
their own keep theirs in the bucket instead: see ``standing``.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

from delivery import places
from delivery.hosting.fields import count, document, text
from delivery.hosting.names import new_token, own_place
from delivery.lock import locked
from delivery.patience import patiently
from delivery.storage.base import Store

KEPT = timedelta(days=14)
"""How long an unfinished upload that nobody goes on with is remembered, before ``prune`` removes it."""


@dataclass(slots=True)
class Begun:
    """A file that was begun in parts."""

    upload_id: str
    part_size: int
    size: int
    tag: str
    parts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Part number -> its ETag and the SHA-256 of the whole file up to its end."""


class Done(NamedTuple):
    """A file that is in the store."""

    size: int
    sha256: str
    tag: str


class Journal:
    """What one delivery has sent so far under ``prefix``. Safe to write from several threads."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.resumed = False
        """An earlier run has worked under this prefix, and may have begun what it did not live to note."""
        self.begun: dict[str, Begun] = {}
        self.done: dict[str, Done] = {}

    def note_place(self) -> None:
        """Before anything is sent: what a kill leaves there is found."""
        self._write()

    def note_begun(self, key: str, upload_id: str, part_size: int, size: int, tag: str) -> None:
        self.begun[key] = Begun(upload_id, part_size, size, tag)
        self._write(begin=key, upload=upload_id, part_size=part_size, size=size, tag=tag)

    def note_part(self, key: str, number: int, etag: str, sha256_to_here: str) -> None:
        self.begun[key].parts[number] = (etag, sha256_to_here)
        self._write(part=number, key=key, etag=etag, sha256=sha256_to_here)

    def note_done(self, key: str, size: int, sha256: str, tag: str) -> None:
        self.begun.pop(key, None)
        self.done[key] = Done(size, sha256, tag)
        self._write(done=key, size=size, sha256=sha256, tag=tag)

    def note_dropped(self, key: str) -> None:
        """Whatever was sent for ``key`` does not count any more."""
        self.begun.pop(key, None)
        self.done.pop(key, None)
        self._write(drop=key)

    def lines(self) -> Iterator[dict[str, Any]]:
        """All that counts, as lines that :meth:`take` reads."""
        for key, begun in dict(self.begun).items():
            yield {"begin": key, "upload": begun.upload_id, "part_size": begun.part_size, "size": begun.size,
                   "tag": begun.tag}  # fmt: skip
            for number, (etag, digest) in dict(begun.parts).items():
                yield {"part": number, "key": key, "etag": etag, "sha256": digest}
        for key, done in dict(self.done).items():
            yield {"done": key, "size": done.size, "sha256": done.sha256, "tag": done.tag}

    def take(self, line: dict[str, Any]) -> None:
        """Remember what an earlier run has noted. Raises ValueError for what is no line of this journal."""
        if "begin" in line:
            size, part_size = count(line, "size"), count(line, "part_size", 1)
            self.begun[self._key(line, "begin")] = Begun(text(line, "upload"), part_size, size, text(line, "tag"))
        elif "part" in line:
            begun = self.begun.get(self._key(line, "key"))
            if begun is None:
                raise ValueError("a part of nothing that was begun")
            begun.parts[count(line, "part", 1)] = (text(line, "etag"), text(line, "sha256"))
        elif "done" in line:
            key = self._key(line, "done")
            self.done[key] = Done(count(line, "size"), text(line, "sha256"), text(line, "tag"))
            self.begun.pop(key, None)
        else:
            key = self._key(line, "drop")
            self.begun.pop(key, None)
            self.done.pop(key, None)

    def _key(self, line: dict[str, Any], name: str) -> str:
        key = text(line, name)
        if not key.startswith(self.prefix):
            raise ValueError("a key of others")
        return key

    def _write(self, **line: Any) -> None:
        """Keep ``line`` where the journal is kept."""
        raise NotImplementedError


class JournalFile(Journal):
    """A journal on this machine's disk."""

    def __init__(self, path: Path, prefix: str, names: Sequence[str], store: str, touched_at: datetime) -> None:
        super().__init__(prefix)
        self.path = path
        self.names = tuple(names)
        self.store = store
        self.touched_at = touched_at
        """When a run went on with it, as of the time it was read."""
        self._lock = threading.Lock()
        self._stream: FileIO | None = None

    def finish(self) -> None:
        """All is said and done: nothing is left to resume."""
        self.close()
        hint = "remove it by hand, or the next delivery of these files goes on with it"
        with places.telling(f"the journal {self.path} cannot be removed", hint=hint):
            patiently(lambda: self.path.unlink(missing_ok=True))

    def close(self) -> None:
        with self._lock:
            if self._stream is not None:
                with suppress(OSError):  # a network's disk may tell only now; what it lost is sent again
                    self._stream.close()
                self._stream = None

    def _write(self, **line: Any) -> None:
        with self._lock, _written(self.path):
            if self._stream is None:
                self._stream = self._open()
            if line:
                _append(self._stream, line)

    def _open(self) -> FileIO:
        stream = FileIO(self.path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))
        if stream.tell() == 0:
            try:
                _append(stream, {"journal": 1, "store": self.store, "prefix": self.prefix, "names": self.names})
            except OSError:
                stream.close()
                self.path.unlink(missing_ok=True)  # nobody could read it
                raise
        return stream

    @classmethod
    def read(cls, path: Path, store: Store) -> JournalFile | None:
        """The journal at ``path``, or None for a file that is none of ``store``.

        It is never believed that all of the bucket, or another place than a delivery's own, is to be removed.
        """
        journal = None
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as stream:
            touched_at = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
            for row in stream:
                with suppress(ValueError):
                    line = document(row)
                    if journal is None:
                        journal = cls._of_head(line, path, store, touched_at)
                    else:
                        journal.take(line)
        return journal

    @classmethod
    def _of_head(cls, head: dict[str, Any], path: Path, store: Store, touched_at: datetime) -> JournalFile | None:
        prefix, names = text(head, "prefix"), head.get("names")
        ours = head.get("store") == store.identity and own_place(prefix, store.prefix) == prefix
        return cls(path, prefix, names, store.identity, touched_at) if ours and isinstance(names, list) else None


def _append(stream: FileIO, line: dict[str, Any]) -> None:
    """The newline comes first: it ends a line that a kill or a full disk tore."""
    rest = (b"\n" if stream.tell() else b"") + json.dumps(line).encode()
    while rest:
        rest = rest[stream.write(rest) :]


@contextmanager
def journal_for(store: Store, names: Sequence[str]) -> Iterator[JournalFile]:
    """The journal of an unfinished delivery of the same names to the same bucket, or a fresh one; locked for the block.

    A journal that another run works on is left alone: two runs at once get a journal and a prefix each.
    """
    with ExitStack() as stack:
        for path in _paths(store, names):
            found = stack.enter_context(_held(path, store))
            if found is not None:
                journal, found.resumed = found, True
                with suppress(OSError):
                    os.utime(path)  # it is gone on with, even where nothing comes of it
                break
        else:
            path = _folder() / f"{new_token()}.jsonl"
            stack.enter_context(_locked(path))
            journal = JournalFile(path, f"{store.prefix}{new_token()}/", names, store.identity, datetime.now(UTC))
        try:
            yield journal
        finally:
            journal.close()


@contextmanager
def unfinished(store: Store, names: Sequence[str] | None = None) -> Iterator[list[JournalFile]]:
    """The journals of this bucket that nobody works on, locked for the block; with ``names`` those of one delivery."""
    with ExitStack() as stack:
        held = [stack.enter_context(_held(path, store)) for path in _paths(store, names)]
        yield [journal for journal in held if journal is not None]


def prefixes(store: Store) -> set[str]:
    """Of the journals of this bucket, those that a run works on too."""
    return {journal.prefix for journal in _journals(store)}


def _paths(store: Store, names: Sequence[str] | None) -> list[Path]:
    return [journal.path for journal in _journals(store) if names is None or journal.names == tuple(names)]


def _journals(store: Store) -> Iterator[JournalFile]:
    """The last one that was written comes first."""
    for path in sorted(_folder().glob("*.jsonl"), key=_age):
        journal = JournalFile.read(path, store)
        if journal is not None:
            yield journal


@contextmanager
def _held(path: Path, store: Store) -> Iterator[JournalFile | None]:
    """The journal at ``path``, locked for the block; None while a run works on it, or when it is gone."""
    with _locked(path) as free:
        yield JournalFile.read(path, store) if free else None


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether the journal at ``path`` is ours alone for the block. When it has gone, its lock's file goes too."""
    with ExitStack() as stack:
        stack.callback(_forget, path)  # last, since Windows keeps a file that is open
        with _written(path):
            free = stack.enter_context(locked(path.with_suffix(".lock")))
        yield free


def _forget(path: Path) -> None:
    with suppress(OSError):
        if not path.exists():
            path.with_suffix(".lock").unlink()


def _written(path: Path) -> AbstractContextManager[None]:
    return places.telling(f"the journal {path} cannot be written")


def _folder() -> Path:
    folder = places.state_dir() / "uploads"
    with places.telling(f"the folder {folder} for journals cannot be made"):
        return places.private_dir(folder)


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0
