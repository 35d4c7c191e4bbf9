"""A server of files by range that does harm on purpose: scripted, counted, on loopback."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit


@dataclass
class Object:
    data: bytes
    etag: str = '"v1"'
    modified: str = "Mon, 23 Nov 2026 00:00:00 GMT"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    name: str
    start: int
    end: int
    headers: Mapping[str, str]
    connection: int = 0
    """The client's port: each connection has another."""
    served: int = 0


Rule = Callable[[Asked], str]
"""Names the harm: "", "reset N" (after N bytes), "cut N" (an orderly end), "stall", "whole" (ranges are ignored),
"other" (another range), "slow SECONDS" (before the bytes), "redirect URL", or an answer as in "503 SlowDown"."""


@dataclass
class Origin:
    address: str
    objects: dict[str, Object] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    rule: Rule = lambda asked: ""
    ranged_status: int = 206
    ignores_ranges: bool = False
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, data: bytes, **more: Any) -> str:
        self.objects[name] = Object(data, **more)
        return self.url(name)

    def url(self, name: str) -> str:
        return f"{self.address}/{quote(name)}?X-Amz-Signature=5ec7e7"

    def requests(self, name: str) -> list[Asked]:
        return [item for item in self.asked if item.name == name]

    def served(self, name: str) -> int:
        """Bytes of the object that went out, all requests together."""
        return sum(item.served for item in self.requests(name))

    def deliver(
        self, parts: Mapping[str, bytes], *, files: Sequence[Mapping[str, Any]] | None = None, name: str = "Work",
        **changes: Mapping[str, Any],
    ) -> str:  # fmt: skip
        """Serve ``parts`` and a manifest of them; its address. ``changes`` are made to the records of parts."""
        records: list[dict[str, Any]] = []
        for filename, data in parts.items():
            digest = hashlib.sha256(data).hexdigest()
            record = {"filename": filename, "kind": "as-is", "size": len(data), "sha256": digest}
            records.append(
                record | {"url": self.put(filename, data)} | dict(changes.get(filename.partition(".")[0], {}))
            )
        listed = files if files is not None else [record_of(filename, data) for filename, data in parts.items()]
        return self.put("manifest", json.dumps(manifest_of(records, listed, name)).encode())


def record_of(path: str, data: bytes, part: str | None = None) -> dict[str, Any]:
    return {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "parts": [part or path]}


def manifest_of(parts: Sequence[Mapping[str, Any]], files: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    return {"schema": "delivery.manifest/1", "name": name, "files": list(files), "parts": list(parts)}


@contextmanager
def origin(tls: ssl.SSLContext | None = None) -> Iterator[Origin]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            name = unquote(urlsplit(self.path).path).removeprefix("/")
            with server.lock:
                kept = server.objects.get(name)
                size = len(kept.data) if kept else 0
                found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
                start, end = (int(found[1]), min(int(found[2]) + 1, size)) if found else (0, size)
                asked = Asked(name, start, end, {key.lower(): value for key, value in self.headers.items()})
                asked.connection = self.client_address[1]
                server.asked.append(asked)
                harm, _, detail = server.rule(asked).partition(" ")
                kept = server.objects.get(name)  # the rule may have changed it
            if harm.isdigit():
                return self.head(int(harm), {"Retry-After": "0"}, f"<Error><Code>{detail}</Code></Error>".encode())
            if harm == "redirect":
                return self.head(307, {"Location": detail}, b"")
            if kept is None:
                return self.head(404, {}, b"<Error><Code>NoSuchKey</Code></Error>")
            if "if-match" in asked.headers and asked.headers["if-match"] != kept.etag:
                return self.head(412, {}, b"<Error><Code>PreconditionFailed</Code></Error>")
            headers = {**kept.headers}
            headers |= {"ETag": kept.etag} if kept.etag else {}
            headers |= {"Last-Modified": kept.modified} if kept.modified else {}
            status = 200
            if harm == "other":
                start, end = start + 1, end + 1
            if found and harm != "whole" and not server.ignores_ranges:
                status = server.ranged_status
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(kept.data)}"
            else:
                start, end = 0, len(kept.data)
            body = memoryview(kept.data)[start:end]
            self.head(status, headers, b"", len(body) if harm != "unsized" else -1)
            if harm == "stall":
                server.released.wait(60)
                return self.drop()
            if harm == "slow":
                server.released.wait(float(detail))
            if harm in ("reset", "cut"):
                body = body[: int(detail)]
            self.wfile.write(body)
            with server.lock:
                asked.served += len(body)
            if harm == "reset":
                return self.drop()
            if harm in ("cut", "unsized"):
                self.close_connection = True
            return None

        def head(self, status: int, headers: Mapping[str, str], body: bytes, length: int | None = None) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            if length != -1:
                self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def drop(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    http = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        http.socket = tls.wrap_socket(http.socket, server_side=True)
    server = Origin(f"{'https' if tls else 'http'}://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        http.server_close()
        thread.join()
