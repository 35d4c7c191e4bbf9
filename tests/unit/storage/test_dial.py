from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from delivery.errors import Cancelled
from delivery.progress import CancelToken
from delivery.storage.dial import LostConnection, dial


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def cancel() -> CancelToken:
    """Cancelled while the connection is being made."""
    token = CancelToken()
    threading.Timer(0.3, token.cancel).start()
    return token


def origin(server: socket.socket, scheme: str = "https") -> str:
    return f"{scheme}://127.0.0.1:{server.getsockname()[1]}"


def test_a_cancel_is_heard_while_a_server_does_not_greet(silent: socket.socket, cancel: CancelToken) -> None:
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        dial(urlsplit(origin(silent)), cancel)
    assert time.monotonic() - begun < 5  # the greeting is waited for twice as long


def test_a_cancel_is_heard_while_a_name_is_looked_up_and_what_comes_of_it_is_closed(
    silent: socket.socket, cancel: CancelToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, look_up = threading.Event(), socket.getaddrinfo

    def slow(*asked: object, **more: object) -> object:
        found.wait(30)
        return look_up(*asked, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(Cancelled):
        dial(urlsplit(origin(silent, "http")), cancel)
    found.set()
    silent.settimeout(10)
    late, _ = silent.accept()
    with late:
        late.settimeout(10)
        assert late.recv(1) == b""


def test_a_system_that_allows_no_more_threads_waits(silent: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    connection = dial(urlsplit(origin(silent, "http")), CancelToken())
    assert connection.sock is not None
    connection.close()


@pytest.mark.parametrize(
    ("address", "told"),
    [("http://127.0.0.1:1", "nothing listens there"), ("http://" + "a" * 70 + ".test", "not one that HTTP knows")],
)
def test_what_cannot_be_reached_is_told_in_words(address: str, told: str) -> None:
    with pytest.raises(LostConnection, match=told):
        dial(urlsplit(address), CancelToken())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "another user name and password; check HTTPS_PROXY"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", r"did not let it through \(403\)"),
        (None, "the proxy cannot be reached; check HTTPS_PROXY"),
    ],
)
def test_what_the_proxy_does_is_not_said_of_the_store(
    answer: bytes | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(answer or b"")

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=refuse, args=(server,))
        if answer is None:
            server.close()
        else:
            thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pr0xy-secret@127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "")
        with pytest.raises(LostConnection, match=told) as caught:
            dial(urlsplit("https://s3.example.com"), CancelToken())
        assert "secret" not in str(caught.value)
        if answer is not None:
            thread.join()


def test_a_server_without_tls_is_told() -> None:
    def greet(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=greet, args=(server,))
        thread.start()
        with pytest.raises(LostConnection, match="does not speak TLS"):
            dial(urlsplit(origin(server)), CancelToken())
        thread.join()
