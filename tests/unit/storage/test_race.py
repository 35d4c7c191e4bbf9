from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from delivery.storage import race

FAR = 60.0
"""Seconds that an address which leads nowhere would take."""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield server


@pytest.fixture
def nowhere() -> Iterator[tuple[str, int]]:
    """An address that never answers: it takes no more connections, and refuses none."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        yield deaf.getsockname()
        for filler in fillers:
            filler.close()


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Any:
    def says(*addresses: tuple[int, tuple[str, int]]) -> None:
        rows = [(family, socket.SOCK_STREAM, 0, "", address) for family, address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **more: rows)

    return says


def refusing() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address: tuple[str, int] = closed.getsockname()
        return address


def test_an_address_that_leads_nowhere_does_not_hold_up_the_next(
    server: socket.socket, nowhere: tuple[str, int], found: Any
) -> None:
    found((socket.AF_INET, nowhere), (socket.AF_INET, server.getsockname()))
    made: list[socket.socket] = []
    connecting = threading.Thread(target=lambda: made.append(race.connect(("host", 1), FAR)), daemon=True)
    connecting.start()
    connecting.join(20)
    assert made
    with made[0] as sock:
        assert sock.getpeername() == server.getsockname()
        assert sock.gettimeout() == FAR


def test_one_that_refuses_gives_way_at_once(server: socket.socket, found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "_STAGGER_SECONDS", FAR)
    found((socket.AF_INET, refusing()), (socket.AF_INET, server.getsockname()))
    with race.connect(("host", 1), 20) as sock:
        assert sock.getpeername() == server.getsockname()


def test_a_family_that_the_system_has_not_gives_way(server: socket.socket, found: Any) -> None:
    found((97, ("::1", 1)), (socket.AF_INET, server.getsockname()))
    with race.connect(("host", 1), 20) as sock:
        assert sock.getpeername() == server.getsockname()


def test_where_none_answers_the_last_word_is_told(found: Any) -> None:
    found((97, ("::1", 1)), (socket.AF_INET, refusing()))
    with pytest.raises(ConnectionRefusedError):
        race.connect(("host", 1), 20)
    found((97, ("::1", 1)))
    with pytest.raises(OSError, match=r"\w") as caught:
        race.connect(("host", 1), 20)
    assert not isinstance(caught.value, TimeoutError)


@pytest.mark.skipif(sys.platform == "win32", reason="a full queue refuses there, and is not silent")
def test_silence_ends_after_the_time_that_was_given(nowhere: tuple[str, int], found: Any) -> None:
    found((socket.AF_INET, nowhere))
    with pytest.raises(TimeoutError):
        race.connect(("host", 1), 0.4)


def test_families_come_by_turns_the_first_one_first() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    rows = [(six, "a"), (six, "b"), (six, "c"), (four, "d"), (four, "e")]
    assert [row[1] for row in race._by_turns(rows)] == ["a", "d", "b", "e", "c"]
