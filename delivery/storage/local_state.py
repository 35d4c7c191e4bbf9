"""What the embedded store keeps in its private folder: its keys and port, and who serves it until when."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, get_type_hints

from delivery import places
from delivery.errors import LocalError
from delivery.lock import locked
from delivery.patience import patiently
from delivery.storage.ports import free_port

BUCKET = "deliveries"
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Made once and kept: links signed with it stay good when the server is started again."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    port: int
    moved: bool = False
    """The port was another one once: older links are dead."""


@dataclass(frozen=True, slots=True)
class State:
    """Who serves the folder. Stale when nobody holds the serving lock."""

    pid: int = 0
    pid_start: str | None = None
    child: int = 0
    child_start: str | None = None
    ready: bool = False
    until: str | None = None
    """Up to when links were promised, in RFC 3339; None: none was."""
    since: str | None = None
    """The same, of links that were promised since it was started."""
    forever: bool = False
    """In the foreground until it is stopped."""
    ends: str | None = None
    """In the foreground until then, whatever was promised."""

    def until_time(self) -> datetime | None:
        return _moment(self.until)

    def since_time(self) -> datetime | None:
        return _moment(self.since)

    def ends_time(self) -> datetime | None:
        return _moment(self.ends)


_Kept = TypeVar("_Kept", Identity, State)


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths of one embedded store."""

    path: Path

    @classmethod
    def usual(cls) -> Folder:
        """The user's own, made private. Raises LocalError when it cannot be made."""
        path = places.data_dir() / "store"
        with telling(path):
            places.private_dir(path)
            places.private_dir(path / "files")
            places.private_dir(path / "files" / BUCKET)
        return cls(path)

    @property
    def files(self) -> Path:
        return self.path / "files"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def stop_request(self) -> Path:
        return self.path / "stop"

    @contextmanager
    def held(self, what: str, *, wait: float = 0.0) -> Iterator[bool]:
        """Whether the lock called ``what`` is ours for the block. Raises LocalError where there can be none."""
        with ExitStack() as stack:
            with telling(self.path):
                free = stack.enter_context(locked(self.path / f"{what}.lock", wait=wait))
            yield free

    def identity(self) -> Identity:
        """The keys and port, made on first use. Raises LocalError when they are there and cannot be read."""
        path = self.path / "identity.json"
        with self.held("identity", wait=_PATIENCE):
            try:
                kept = _read(path, Identity)
                if kept and not 0 < kept.port < 0x10000:
                    raise ValueError("no port")
            except (OSError, ValueError) as error:
                raise LocalError(
                    f"the keys of the embedded store cannot be read from {path}",
                    hint="put the file back from a backup, or move it away: new keys are made then, "
                    "and the local links signed until now stay dead",
                    code="local-store",
                ) from error
            if kept:
                return kept
            fresh = Identity("DLV" + secrets.token_hex(8).upper(), secrets.token_urlsafe(32), free_port())
            _write(path, asdict(fresh))
            return fresh

    def move_port(self) -> Identity:
        """Another port, because another program has taken ours."""
        moved = replace(self.identity(), port=free_port(), moved=True)
        with self.held("identity", wait=_PATIENCE):
            _write(self.path / "identity.json", asdict(moved))
        return moved

    def state(self) -> State:
        """Nothing depends on it for long: what cannot be read counts as none."""
        try:
            state = _read(self.path / "state.json", State) or State()
            for text in (state.until, state.since, state.ends):
                _moment(text)
        except (OSError, ValueError):
            return State()
        return state

    def change_state(self, **values: object) -> State:
        """Replace fields of the state; ``until`` only ever moves to a later time."""
        with self.held("state", wait=_PATIENCE):
            state = replace(self.state(), **values)  # type: ignore[arg-type]
            _write(self.path / "state.json", asdict(state))
            return state

    def extend(self, until: datetime) -> State:
        """Serve at least up to ``until``; an earlier time changes nothing."""
        with self.held("state", wait=_PATIENCE):
            state = self.state()
            later = replace(state, until=_later(state.until, until), since=_later(state.since, until))
            if later != state:
                _write(self.path / "state.json", asdict(later))
            return later

    def is_served(self) -> bool:
        """Whether a supervisor is alive: it holds the lock for as long as it lives."""
        with self.held("serve") as free:
            return not free

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """While the block lasts the store does not end by itself, however long an upload takes."""
        mark = self.path / "users" / f"{os.getpid()}-{secrets.token_hex(4)}"
        with ExitStack() as stack:
            with telling(self.path):
                places.private_dir(mark.parent)
                stack.enter_context(locked(mark))
            yield
        _forget(mark)

    def has_users(self) -> bool:
        """Whether somebody is inside :meth:`in_use`. Marks of those who died are removed."""
        for mark in (self.path / "users").glob("*-*"):
            with locked(mark) as free:
                if not free:
                    return True
            _forget(mark)
        return False

    def sizes(self) -> list[int]:
        """Those of all objects; one that goes while they are looked at is left out."""
        sizes = []
        for place, _, names in os.walk(self.files):
            for name in names:
                with suppress(OSError):
                    sizes.append(os.stat(os.path.join(place, name)).st_size)
        return sizes

    def last_log_line(self) -> str:
        try:
            with self.log.open("rb") as stream:
                stream.seek(max(0, self.log.stat().st_size - 4000))
                lines = stream.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _forget(mark: Path) -> None:
    """Remove it. On Windows it stays while another process looks at it, for the next who asks to remove."""
    with suppress(FileNotFoundError, PermissionError):
        mark.unlink()


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """What the system refuses in the store's ``folder`` is raised as LocalError."""
    try:
        yield
    except LocalError:
        raise
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise LocalError(
            f"the embedded store's folder {folder} cannot be used: {error.strerror or error}{where}",
            hint=places.remedy(error),
            code="local-store",
        ) from error


def _moment(text: str | None) -> datetime | None:
    """A time that was kept; without a zone it is UTC."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _later(text: str | None, moment: datetime) -> str:
    kept = _moment(text)
    return text if text and kept and kept >= moment else moment.astimezone(UTC).isoformat()


def _read(path: Path, kind: type[_Kept]) -> _Kept | None:
    """What is kept there, or None where no file is. Fields that only another version knows are left aside.

    Raises ValueError for what is no ``kind``, and OSError.
    """
    try:
        data = json.loads(patiently(lambda: path.read_text(encoding="utf-8")))
        known = {name: (data[name], allowed) for name, allowed in get_type_hints(kind).items() if name in data}
        if not all(isinstance(value, allowed) for value, allowed in known.values()):
            raise ValueError("a value of another type")
        return kind(**{name: value for name, (value, _) in known.items()})
    except FileNotFoundError:
        return None
    except (TypeError, RecursionError) as error:
        raise ValueError("not what was kept") from error


def _write(path: Path, data: dict[str, object]) -> None:
    """Whole or not at all, readable by the user alone."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with telling(path.parent):
        try:
            _replace(fresh, path, data)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise


def _replace(fresh: Path, path: Path, data: dict[str, object]) -> None:
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(data, stream)
        stream.flush()
        os.fsync(stream.fileno())
    patiently(lambda: fresh.replace(path))
