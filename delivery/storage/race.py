"""The fastest of a host's addresses: one that leads nowhere, as a broken IPv6 does, must not hold every connection up.

The way of RFC 8305 ("happy eyeballs"): families by turns, the next a quarter of a second after the one before.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, zip_longest
from typing import Any

_STAGGER_SECONDS = 0.25
_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", 0)})
_Found = tuple[Any, ...]
"""One of what ``getaddrinfo`` found: family, kind, protocol, name, address."""


def connect(address: tuple[str, int], timeout: float, source_address: object = None) -> socket.socket:
    """A connected socket with that ``timeout`` in seconds, as ``socket.create_connection`` makes one.

    Raises OSError: TimeoutError where no address answered, else what the last one said.
    """
    waiting = _by_turns(socket.getaddrinfo(*address, type=socket.SOCK_STREAM))
    ends_at, error = time.monotonic() + timeout, OSError(errno.EADDRNOTAVAIL, "the name has no address")
    with selectors.DefaultSelector() as running:
        try:
            while True:
                more = next(waiting, None)
                if more is not None:
                    try:
                        _begin(more, running)
                    except OSError as refused:  # a family that the system has not, or no way there
                        error = refused
                        continue
                elif not running.get_map():
                    raise error
                if (left := ends_at - time.monotonic()) <= 0:
                    raise TimeoutError
                for key, _ in running.select(left if more is None else min(left, _STAGGER_SECONDS)):
                    sock = key.fileobj
                    assert isinstance(sock, socket.socket)
                    running.unregister(sock)
                    if not (number := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                        sock.settimeout(timeout)
                        return sock
                    sock.close()
                    error = OSError(number, os.strerror(number))
        finally:
            for key in list(running.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def _by_turns(found: Iterable[_Found]) -> Iterator[_Found]:
    """The families in the order of their first addresses, an address of each by turns."""
    families: dict[int, list[_Found]] = {}
    for each in found:
        families.setdefault(each[0], []).append(each)
    return (each for each in chain.from_iterable(zip_longest(*families.values())) if each is not None)


def _begin(found: _Found, running: selectors.BaseSelector) -> None:
    family, kind, protocol, _, address = found
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        number = sock.connect_ex(address)
        if number not in _UNDER_WAY:
            raise OSError(number, os.strerror(number))
        running.register(sock, selectors.EVENT_WRITE)
    except BaseException:
        with suppress(OSError):
            sock.close()
        raise
