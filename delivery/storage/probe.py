"""A link tried as a buyer's browser would open it: one GET of one byte, without credentials, without redirects."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from delivery.errors import DeliveryError
from delivery.storage import faults
from delivery.storage.answers import Answer, error_code, moment_of, removed_at, retry_after, whole_number
from delivery.storage.dial import LostConnection
from delivery.storage.retry import Failed, persist
from delivery.storage.watch import Watch
from delivery.storage.wire import Wire


class Probe(NamedTuple):
    """What came back."""

    status: int
    code: str
    """The store's error code, or empty."""
    total: int | None
    """Bytes of the whole object, where the store told."""
    disposition: str
    media_type: str
    date: datetime | None
    """The store's clock."""
    ranged: bool = False
    """The first byte alone came, and Content-Range says so: what broke off can be gone on with, whatever the status."""
    removed_at: datetime | None = None
    """When the store itself removes the object, where it tells."""

    @property
    def opens(self) -> bool:
        return self.status in (200, 206)


def probe(url: str, watch: Watch | None = None, *, ranged: bool = True, wires: dict[str, Wire] | None = None) -> Probe:
    """Open ``url`` for its first byte; ``ranged`` asks for that alone, which an empty object refuses.

    Who tries many gives ``wires``, empty at first, where connections are kept for the next.
    Raises StoreUnreachableError when the budget of tries is spent.
    A refusal is an answer, not an error: see :attr:`Probe.status`.
    """
    watch = watch or Watch(attempts=4)
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    wire = ({} if wires is None else wires).setdefault(origin, Wire(origin))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    sent = {"Range": "bytes=0-0"} if ranged else {}

    def attempt() -> Answer:
        try:
            answer = wire.probe(target, sent, watch.cancel)
        except LostConnection as error:
            fault = faults.lost(str(error))
            raise Failed(fault, _error(fault)) from error
        fault = faults.of_answer(answer.status, _code(answer))
        if answer.status not in (200, 206) and fault.passing:
            raise Failed(fault, _error(fault), after=retry_after(answer.headers))
        return answer

    return _read(persist(attempt, watch))


def _error(fault: faults.Fault) -> DeliveryError:
    return faults.as_error(fault, store="", bucket="", doing="trying the link")


def _code(answer: Answer) -> str:
    return error_code(answer.body) if answer.status >= 300 else ""


def _read(answer: Answer) -> Probe:
    headers = answer.headers
    ranged = re.fullmatch(r"bytes (\d+-\d+)/(\d+)", headers.get("content-range", ""))
    length = headers.get("content-length", "") if answer.status == 200 else ""
    return Probe(
        status=answer.status,
        code=_code(answer),
        total=whole_number(ranged[2] if ranged else length),
        disposition=headers.get("content-disposition", ""),
        media_type=headers.get("content-type", ""),
        date=moment_of(headers.get("date", "")),
        ranged=ranged is not None and ranged[1] == "0-0" and len(answer.body) == 1,
        removed_at=removed_at(headers),
    )
