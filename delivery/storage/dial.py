"""A connection made: past a proxy, with TLS, and what went wrong in words."""

from __future__ import annotations

import functools
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

from delivery.errors import DeliveryError, StoreUnreachableError
from delivery.progress import CancelToken
from delivery.storage import race
from delivery.storage.answers import POLL_SECONDS
from delivery.storage.tls import tls_context

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of this machine, which no proxy can reach for us."""
CONNECT_SECONDS = 10.0
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\b")
"""So begins what Python makes of a proxy's refusal."""


class LostConnection(Exception):
    """The connection could not be made or broke; the text is fit for a person and holds no address."""


class UntrustedConnection(LostConnection):
    """Whoever answered could not prove to be the server: no other try will mend that."""


def dial(origin: SplitResult, cancel: CancelToken) -> http.client.HTTPConnection:
    """A connection to ``origin``, scheme and host with port.

    A thread of its own makes it, which a cancel leaves behind: no system lets go of a host name that is looked up.

    Raises LostConnection, StoreUnreachableError for a proxy that cannot be, and Cancelled.
    """
    connection = _unconnected(origin)
    slot: Future[None] = Future()
    try:
        threading.Thread(target=_connect, args=(connection, slot), name="delivery-connect", daemon=True).start()
    except RuntimeError:  # the system allows no more threads
        _connect(connection, slot)
    try:
        while not wait([slot], POLL_SECONDS).done:
            cancel.check()
    except BaseException:
        if not slot.cancel():
            connection.close()
        raise
    error = slot.exception()
    if isinstance(error, (OSError, http.client.HTTPException, UnicodeError)):
        raise lost(error, proxied=connection._tunnel_host is not None) from error  # type: ignore[attr-defined]
    slot.result()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _connect(connection: http.client.HTTPConnection, slot: Future[None]) -> None:
    """Whoever waits on ``slot`` has the connection; where nobody does any more, it is closed."""
    error = None
    try:
        connection._create_connection = race.connect  # type: ignore[attr-defined]
        connection.connect()
    except Exception as caught:  # noqa: BLE001 - raised again by who waits
        error = caught
        connection.close()
    if not slot.set_running_or_notify_cancel():
        connection.close()
    elif error is not None:
        slot.set_exception(error)
    else:
        slot.set_result(None)


def _unconnected(origin: SplitResult) -> http.client.HTTPConnection:
    host, secure = origin.hostname or "", origin.scheme == "https"
    port = origin.port or (443 if secure else 80)
    kind = (
        functools.partial(http.client.HTTPSConnection, context=tls_context()) if secure else http.client.HTTPConnection
    )
    proxy = _proxy(origin.scheme, host)
    try:
        if proxy is None:
            return kind(host, port, timeout=CONNECT_SECONDS)
        connection = kind(proxy[0], proxy[1], timeout=CONNECT_SECONDS)
        connection.set_tunnel(host, port, headers=proxy[2])
    except (http.client.HTTPException, UnicodeError) as error:
        raise lost(error) from error
    return connection


def _proxy(scheme: str, host: str) -> tuple[str, int, dict[str, str]] | None:
    """Host, port and headers of the proxy that the environment or system names for ``host``, or None."""
    if host in LOOPBACK:
        return None
    import urllib.request

    address = urllib.request.getproxies().get(scheme)
    if not address or urllib.request.proxy_bypass(host):
        return None
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        port = parts.port or 80
    except ValueError:
        raise StoreUnreachableError(
            f"the proxy that is set for {scheme} is not an address",
            hint=f"check {scheme.upper()}_PROXY; signs in its password are written as %23 for # and the like",
            code="proxy-unusable",
        ) from None  # whose text may show a part of the password
    if parts.scheme.startswith("socks"):
        raise StoreUnreachableError(
            f"the proxy that is set for {scheme} speaks SOCKS, which is not spoken here",
            hint=f"set {scheme.upper()}_PROXY to a proxy for HTTP, or name the server in NO_PROXY",
            code="proxy-unusable",
        )
    headers = {}
    if parts.username is not None:
        import base64

        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode("utf-8", "surrogateescape")).decode()
    return parts.hostname or "", port, headers


@contextmanager
def told_as_lost() -> Iterator[None]:
    """What breaks in the block, which does nothing but talk to the network, is raised as LostConnection."""
    try:
        yield
    except DeliveryError:
        raise  # a cancel, or a refusal; some are OSErrors too
    except (OSError, http.client.HTTPException) as error:
        raise lost(error) from error


def lost(error: Exception, *, proxied: bool = False) -> LostConnection:
    """``proxied``: it was to be made past a proxy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return UntrustedConnection(_in_words(error))
    return LostConnection((_of_the_proxy(error) if proxied else None) or _in_words(error))


def _of_the_proxy(error: Exception) -> str | None:
    """What the proxy that the environment or system names is to blame for."""
    refused = _TUNNEL.match(str(error))
    if refused and refused[1] == "407":
        return "the proxy wants another user name and password; check HTTPS_PROXY"
    if refused:
        return f"the proxy did not let it through ({refused[1]}); check HTTPS_PROXY, or name the store in NO_PROXY"
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return "the proxy cannot be reached; check HTTPS_PROXY"
    return None


def _in_words(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its TLS certificate is not valid ({error.verify_message})"
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "RECORD_LAYER_FAILURE" | "PACKET_LENGTH_TOO_LONG"):
            return "what answers there does not speak TLS; check the port, and whether it is http"
        case ssl.SSLError():
            return "TLS failed"
        case TimeoutError():
            return "it did not answer in time"
        case ConnectionRefusedError():
            return "it cannot be reached: nothing listens there; check the address and the network"
        case socket.gaierror():
            return "it cannot be reached: its host name was not found; check the address and the network"
        case ConnectionError() | http.client.RemoteDisconnected() | http.client.IncompleteRead():
            return "the connection broke"
        case http.client.InvalidURL() | UnicodeError():
            return "its address is not one that HTTP knows"
        case http.client.HTTPException():
            return "its answer is not HTTP"
        case _:
            return f"the connection failed ({getattr(error, 'strerror', None) or type(error).__name__})"
