"""An S3 endpoint behind TLS that throws bytes away: what an upload costs when the store costs little.

    python bench/sink.py ADDRESS PORT CERTIFICATE KEY FOLDER [RATE]

With RATE no connection takes more than so many MB a second and every answer needs 50 ms more, as from a store that is
far away. There is a process for each connection, since threads would wait for one another at every TLS record; what
they must know of each other's objects stands in FOLDER. Linux and macOS only.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import ssl
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

BUFFER = 1024 * 1024
WAY = 0.05
"""Seconds to a far store and back."""
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Connection:
    def __init__(self, sock: ssl.SSLSocket, folder: Path, rate: int) -> None:
        self.sock = sock
        self.stream = sock.makefile("rb")
        self.buffer = memoryview(bytearray(BUFFER))
        self.folder = folder
        self.rate = rate
        self.free_at = 0.0

    def serve(self) -> None:
        while line := self.stream.readline().decode("latin-1"):
            method, target, _ = line.split(" ")
            headers = {}
            while row := self.stream.readline().decode("latin-1").strip():
                name, _, value = row.partition(": ")
                headers[name.lower()] = value
            if headers.get("expect", "").lower() == "100-continue":
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            size = int(headers.get("content-length", 0))
            if headers.get("transfer-encoding") == "chunked":
                while left := int(self.stream.readline(), 16):
                    self.skip(left + 2)
                self.stream.readline()
            self.skip(size)
            time.sleep(WAY if self.rate else 0)
            self.sock.sendall(self.answer(method, target, int(headers.get("x-amz-decoded-content-length", size))))

    def skip(self, left: int) -> None:
        """Past the reader where its buffer is empty: one layer fewer for each TLS record."""
        if left:
            left -= len(self.stream.read(min(left, len(self.stream.peek(1)))))
        while left:
            count = self.sock.read(left, self.buffer) if left >= BUFFER else self.sock.read(left, self.buffer[:left])
            if not count:
                raise ConnectionResetError
            left -= count
            if self.rate:
                self.pace(count)

    def pace(self, count: int) -> None:
        if self.rate:
            now = time.monotonic()
            self.free_at = max(now, self.free_at) + count / self.rate
            time.sleep(self.free_at - now)

    def answer(self, method: str, target: str, size: int) -> bytes:
        parts = urlsplit(target)
        query, name = parse_qs(parts.query, keep_blank_values=True), quote(parts.path, safe="")
        stored, sent = self.folder / f"{name}.object", self.folder / f"{name}.parts"
        etag = hashlib.md5(target.encode(), usedforsecurity=False).hexdigest()
        body, length, more = "", 0, ""
        if method == "HEAD":
            if not stored.exists():
                return NOT_FOUND
            etag += "-1"  # no MD5, so that nobody compares it with one
            length, more = int(stored.read_text()), "Last-Modified: Mon, 23 Nov 2026 00:00:00 GMT\r\n"
        elif method == "PUT" and "partNumber" in query:
            with sent.open("a") as rows:
                rows.write(f"{size}\n")
        elif method == "PUT":
            stored.write_text(str(size))
        elif method == "POST" and "uploads" in query:
            sent.write_text("")
            body = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
        elif method == "POST":
            stored.write_text(str(sum(map(int, sent.read_text().split()))))
            body = f'<CompleteMultipartUploadResult><ETag>"{etag}-1"</ETag></CompleteMultipartUploadResult>'
        return (
            f'HTTP/1.1 200 OK\r\nETag: "{etag}"\r\n{more}Content-Length: {length or len(body)}\r\n\r\n{body}'.encode()
        )


def main() -> None:
    address, port, certificate, key, folder, *pace = sys.argv[1:]
    rate = int(pace[0]) * 1_000_000 if pace else 0
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server((address, int(port)), backlog=300) as server:
        if rate:  # what the system would take in advance is no small part of what a paced connection gets
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)
        while True:
            plain, _ = server.accept()
            if os.fork():
                plain.close()
                continue
            server.close()
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(OSError):  # the client has gone
                Connection(context.wrap_socket(plain, server_side=True), Path(folder), rate).serve()
            os._exit(0)


if __name__ == "__main__":
    main()
