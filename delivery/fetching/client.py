"""Links opened: only where one may lead, redirects within bounds, refusals in words for whoever receives the work."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from socket import inet_aton
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from delivery.errors import DeliveryError, IntegrityError, StoreRefusedError, UsageError
from delivery.progress import CancelToken
from delivery.storage import faults
from delivery.storage.answers import error_code, retry_after
from delivery.storage.dial import LOOPBACK, LostConnection
from delivery.storage.retry import Failed
from delivery.storage.stream import Stream
from delivery.storage.wire import Wire

_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_ADDRESS = re.compile(r"[\x21-\x7e]{1,16384}")
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
RENEWED = "ask whoever sent it for a renewed link (they run: delivery renew)"
ANEW = "ask whoever sent it to send it again (they run: delivery send)"
_GONE_FOR_GOOD = f"{ANEW}; it was withdrawn, or its time was over"
LINK = "the link"
"""The user's own, where errors name what is opened: there is no name yet of what it leads to."""
_ENDED = frozenset({"AccessDenied", "ExpiredToken", "InvalidToken", "RequestExpired", "TokenRefreshRequired"})
"""Codes of a link that the store could read, whatever the status: some say with 400 that it has expired."""


class Content(NamedTuple):
    """What an answer says that it holds."""

    start: int | None
    """None: the server ignores ranges and sends all from the first byte."""
    end: int
    total: int | None
    etag: str
    modified: str

    @property
    def version(self) -> tuple[str, str]:
        """Tells one object from another under the same link."""
        return self.etag, self.modified


class Client:
    """Connections for one fetch, kept open and shared by its threads. No address is in any of its words."""

    def __init__(self, url: str, cancel: CancelToken) -> None:
        """``url`` is the user's own: unless that is on this machine, no other that is found may lead here."""
        self._cancel = cancel
        self._wires: dict[str, Wire] = {}
        self._lock = threading.Lock()
        parts = _split(url)
        if why := _objection(parts, at_home=True):
            raise UsageError(
                f"this is no link that can be fetched: {why}",
                hint="give the link of the delivery page or of the manifest, whole and in quotes",
                code="link-unusable",
            )
        self._at_home = _is_here(parts.hostname or "")

    @contextmanager
    def open(self, url: str, what: str, headers: Mapping[str, str] | None = None) -> Iterator[Stream]:
        """The answer to a GET of ``url``, 200 or 206; ``what`` names it in errors.

        Raises Failed for what another try may mend, StoreRefusedError, IntegrityError for an object that was replaced.
        """
        signed = "signature=" in url.lower()
        sent = {"Accept-Encoding": "identity", **(headers or {})}  # packed on the way, it would be of another size
        try:
            for _ in range(_REDIRECTS + 1):
                parts = self._parts(url)
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                with self._wire(f"{parts.scheme}://{parts.netloc}").stream(target, sent, self._cancel) as got:
                    if got.status not in _MOVED:
                        if got.status not in (200, 206):
                            raise _refusal(got, what, signed=signed)
                        yield got
                        return
                    url = urljoin(url, got.headers.get("location", ""))
        except LostConnection as error:
            fault = faults.lost(str(error))
            raise Failed(fault, faults.as_error(fault, store="", bucket="", doing=f"downloading {what}")) from error
        raise StoreRefusedError(f"{_link_of(what)} leads from one place to the next without end", hint=RENEWED)

    def _wire(self, origin: str) -> Wire:
        with self._lock:
            return self._wires.setdefault(origin, Wire(origin))

    def _parts(self, url: str) -> SplitResult:
        """``url`` in its pieces. Raises IntegrityError where a link has no business to lead."""
        parts = _split(url)
        if why := _objection(parts, at_home=self._at_home):
            raise IntegrityError(f"a link is not followed: {why}", hint=RENEWED, code="link-unsafe")
        return parts


def _split(url: str) -> SplitResult:
    """``url`` in its pieces, all of them empty where it is no address."""
    try:
        parts = urlsplit(url if isinstance(url, str) and _ADDRESS.fullmatch(url) else "")
        return parts if parts.port != 0 else urlsplit("")
    except ValueError:
        return urlsplit("")


def _objection(parts: SplitResult, *, at_home: bool) -> str:
    """Why no link may lead there; empty where one may. To this machine lead only those that are ``at_home``."""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "it is not an http or https address"
    if parts.username is not None:
        return "it holds a login"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return "it is plain http: what it brings could be read and changed on its way"
    if not at_home and _is_here(parts.hostname):
        return "it leads to this machine itself"
    return ""


def _is_here(host: str) -> bool:
    """Also where it is written in another way: 127.1, 2130706433, 0.0.0.0, localhost with a full stop."""
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name if ":" in name else inet_aton(name))
    except (ValueError, OSError):  # a name, which the certificate must then be for
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return plain.is_loopback or plain.is_unspecified


def content_of(answer: Stream) -> Content:
    """By Content-Range, whatever the status says: some servers answer a range with 200."""
    etag, modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    if found is None:
        return Content(None, answer.length or 0, answer.length, etag, modified)
    return Content(int(found[1]), int(found[2]) + 1, int(found[3]), etag, modified)


def replaced(what: str) -> IntegrityError:
    return IntegrityError(
        f"{what} was replaced by something else while it was downloaded; the two are not mixed",
        hint="run the same command again for what is there now",
        code="replaced",
    )


def _refusal(answer: Stream, what: str, *, signed: bool) -> Failed | DeliveryError:
    code = error_code(answer.beginning(4096))
    told = f"{answer.status} {code}".strip()
    fault = faults.of_answer(answer.status, code)
    if fault.kind == "passing":
        error = faults.as_error(fault, store="", bucket="", doing=f"downloading {what}", answer=told)
        return Failed(fault, error, after=retry_after(answer.headers))
    if answer.status == 412:
        return replaced(what)
    if answer.status == 416:
        return IntegrityError(f"{what} is shorter at its link than it was when it was sent", hint=ANEW)
    if answer.status in _GONE:
        gone = "nothing is at the link any more" if what == LINK else f"{what} is not at its link any more"
        return StoreRefusedError(f"{gone} ({told})", hint=_GONE_FOR_GOOD, code="object-gone")
    return _closed(what, told, _harm(answer.status, code, signed=signed))


def _harm(status: int, code: str, *, signed: bool) -> str:
    """What happened to a link that the store refuses for how it is written; empty where it is as it was made."""
    if not signed:
        return "no signature is in it; a part of it seems to be missing"
    if code == "SignatureDoesNotMatch":
        return "its signature does not fit: it was cut or altered, or the sender's key has changed"
    if status == 400 and code not in _ENDED:
        return "the store cannot read it: it was cut or altered"
    return ""


def _closed(what: str, told: str, harm: str) -> StoreRefusedError:
    hint = RENEWED
    if harm and what == LINK:
        hint = f"copy the link once more, whole, and give it in quotes; if it is whole, {RENEWED}"
    return StoreRefusedError(
        f"{_link_of(what)} does not open ({told}): {harm or 'it has expired or was withdrawn'}",
        hint=hint,
        code="link-altered" if harm else "link-closed",
    )


def _link_of(what: str) -> str:
    return what if what == LINK else f"the link of {what}"
