"""A reverse proxy that does harm on purpose: scripted, counted, on loopback."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest


@dataclass
class Seen:
    """One request that reached the proxy."""

    method: str
    path: str
    query: dict[str, str]
    size: int
    harm: str = ""

    @property
    def part(self) -> int | None:
        return int(self.query["partNumber"]) if "partNumber" in self.query else None


Rule = Callable[[Seen], str]
Request = TypeVar("Request")
"""Names the harm for a request: "", reset, stall (the body is not read), mute (no answer), slow, lose, flip, swap, cut,
or as in "503 SlowDown"."""


@dataclass
class Proxy:
    address: str
    seen: list[Seen] = field(default_factory=list)
    rule: Rule = lambda request: ""
    told: Callable[[Seen], dict[str, str]] = lambda request: {}
    """Headers that the store's answer to a request gets besides."""
    released: threading.Event = field(default_factory=threading.Event)
    held: dict[int, bytes] = field(default_factory=dict)
    """Bodies of parts that "swap" keeps to give them to each other."""
    at_once: int = 0
    most_at_once: int = 0
    """Of slow requests."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def count(self, method: str, **query: str) -> int:
        return sum(1 for item in self.seen if item.method == method and query.items() <= item.query.items())

    def sent(self) -> list[Seen]:
        """Parts and objects that came through whole."""
        return [item for item in self.seen if item.method == "PUT" and item.harm in ("", "slow", "lose", "flip")]


def once(
    harm: str, wanted: Callable[[Request], bool] = lambda request: True, times: int = 1
) -> Callable[[Request], str]:
    """Do ``harm`` to the first ``times`` requests that are ``wanted``, here or at an `Origin`."""
    left, lock = [times], threading.Lock()

    def rule(request: Request) -> str:
        with lock:
            if left[0] and wanted(request):
                left[0] -= 1
                return harm
        return ""

    return rule


@pytest.fixture
def proxy(moto_address: str) -> Iterator[Proxy]:
    with proxy_before(moto_address) as proxy:
        yield proxy


@contextmanager
def proxy_before(backend: str) -> Iterator[Proxy]:
    """A proxy before ``backend`` (an ``http://host:port``). The Host header goes through, so signatures hold."""
    target = urlsplit(backend)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            size = int(self.headers.get("Content-Length") or 0)
            request = Seen(self.command, parts.path, query, size)
            with proxy.lock:
                request.harm = proxy.rule(request)
                proxy.seen.append(request)
            if request.harm == "reset":
                self.rfile.read(min(size, 100_000))
                return self.drop()
            if request.harm == "stall":
                proxy.released.wait(60)
                return self.drop()
            body = bytearray(self.rfile.read(size))
            if request.harm == "mute":
                proxy.released.wait(60)
                return self.drop()
            if request.harm == "slow":
                self.linger()
            if request.harm == "flip" and body:
                body[len(body) // 2] ^= 1
            if request.harm == "swap" and request.part is not None:
                body = bytearray(self.swapped(request.part, bytes(body)))
            if request.harm[:1].isdigit():
                status, _, code = request.harm.partition(" ")
                return self.answer(int(status), {}, f"<Error><Code>{code}</Code></Error>".encode())
            connection = http.client.HTTPConnection(target.hostname or "", target.port or 80, timeout=60)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                connection.request(self.command, self.path, bytes(body), headers)
                reply = connection.getresponse()
                data = reply.read()
            finally:
                connection.close()
            if request.harm == "lose":
                return self.drop()
            kept = {name: value for name, value in reply.getheaders() if name.lower() not in SKIPPED}
            kept |= proxy.told(request)
            if request.harm == "cut":
                kept["Content-Length"] = str(len(data))
                return self.answer(reply.status, kept, data[: len(data) // 2], cut=True)
            length = reply.getheader("Content-Length")
            if self.command == "HEAD" and length is not None:
                kept["Content-Length"] = length
            return self.answer(reply.status, kept, data)

        def linger(self) -> None:
            with proxy.lock:
                proxy.at_once += 1
                proxy.most_at_once = max(proxy.most_at_once, proxy.at_once)
            time.sleep(0.3)
            with proxy.lock:
                proxy.at_once -= 1

        def swapped(self, part: int, body: bytes) -> bytes:
            """The body of the neighbour (1 and 2, 3 and 4 ...), once that has come too."""
            other = part + 1 if part % 2 else part - 1
            with proxy.arrived:
                proxy.held[part] = body
                proxy.arrived.notify_all()
                proxy.arrived.wait_for(lambda: other in proxy.held, timeout=30)
                return proxy.held[other]

        def answer(self, status: int, headers: dict[str, str], data: bytes, cut: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
            if cut:
                self.drop()

        def drop(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    SKIPPED = {"connection", "transfer-encoding", "content-length", "keep-alive"}
    server = Server(("127.0.0.1", 0), Handler)
    # As small as it is where the network is slow: what is not read is soon not taken either.
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
