"""An S3 endpoint that throws bytes away: what an upload costs when the store costs nothing.

python bench/sink.py PORT
"""

from __future__ import annotations

import hashlib
import socket
import sys
import threading
from urllib.parse import parse_qs, urlsplit

BUFFER = 1024 * 1024


class Sink:
    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.parts: dict[str, int] = {}
        self.lock = threading.Lock()

    def serve(self, connection: socket.socket) -> None:
        buffer, pending = memoryview(bytearray(BUFFER)), b""
        try:
            while True:
                while b"\r\n\r\n" not in pending:
                    data = connection.recv(65536)
                    if not data:
                        return
                    pending += data
                head, _, rest = pending.partition(b"\r\n\r\n")
                line, *rows = head.decode("latin-1").split("\r\n")
                method, target, _ = line.split(" ")
                headers = {name.lower(): value for name, _, value in (row.partition(": ") for row in rows)}
                size = left = int(headers.get("content-length", "0"))
                if headers.get("expect", "").lower() == "100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                body, pending = rest[:left], rest[left:]
                left -= len(body)
                while left:
                    count = connection.recv_into(buffer[: min(left, BUFFER)])
                    if not count:
                        return
                    left -= count
                connection.sendall(self.answer(method, target, headers, size))
        except (OSError, ValueError):
            return
        finally:
            connection.close()

    def answer(self, method: str, target: str, headers: dict[str, str], size: int) -> bytes:
        parts = urlsplit(target)
        query, key = parse_qs(parts.query, keep_blank_values=True), parts.path
        size = int(headers.get("x-amz-decoded-content-length", size))
        etag = hashlib.md5(target.encode(), usedforsecurity=False).hexdigest()
        body = b""
        with self.lock:
            if method == "PUT" and "partNumber" in query:
                self.parts[key] = self.parts.get(key, 0) + size
            elif method == "PUT":
                self.sizes[key] = size
            elif method == "POST" and "uploads" in query:
                self.parts[key] = 0
                body = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
            elif method == "POST":
                self.sizes[key] = self.parts.pop(key, 0)
                body = (
                    f'<CompleteMultipartUploadResult><ETag>"{etag}-1"</ETag></CompleteMultipartUploadResult>'.encode()
                )
            elif method == "HEAD" and key not in self.sizes:
                return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            if method == "HEAD":
                etag += "-1"  # no MD5, so that nobody compares it with one
            length = self.sizes.get(key, 0) if method == "HEAD" else len(body)
        when = "Last-Modified: Mon, 23 Nov 2026 00:00:00 GMT\r\n" if method == "HEAD" else ""
        return f'HTTP/1.1 200 OK\r\nETag: "{etag}"\r\n{when}Content-Length: {length}\r\n\r\n'.encode() + body


def work(sink: Sink, connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sink.serve(connection)


def main() -> None:
    sink = Sink()
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=300) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=work, args=(sink, connection), daemon=True).start()


if __name__ == "__main__":
    main()
