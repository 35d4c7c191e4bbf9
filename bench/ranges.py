"""A server of files by range that costs little: what a download costs when the store costs next to nothing.

    python bench/ranges.py PORT FOLDER [RATE]

It answers GET and HEAD of /bench/NAME, signed or not, and a listing of the bucket, which is all that S3 tools ask for.
With RATE no connection gets more than so many MB a second, as from a store that is far away.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

WHEN = "Mon, 23 Nov 2026 00:00:00 GMT"


def serve(connection: socket.socket, folder: Path, rate: int) -> None:
    pending = b""
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            while b"\r\n\r\n" not in pending:
                data = connection.recv(65536)
                if not data:
                    return
                pending += data
            head, _, pending = pending.partition(b"\r\n\r\n")
            line, *rows = head.decode("latin-1").split("\r\n")
            method, target, _ = line.split(" ")
            headers = {name.lower(): value for name, _, value in (row.partition(": ") for row in rows)}
            answer(connection, method, target, headers.get("range", ""), folder, rate)
    except (OSError, ValueError):
        return
    finally:
        connection.close()


def answer(connection: socket.socket, method: str, target: str, wanted: str, folder: Path, rate: int) -> None:
    parts = urlsplit(target)
    path = folder / unquote(parts.path).removeprefix("/bench").strip("/")
    if path == folder:
        body = listing(folder, parse_qs(parts.query).get("prefix", [""])[0])
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return
    if not path.is_file():
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        return
    size = path.stat().st_size
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
    start = int(found[1]) if found else 0
    end = min(int(found[2]) + 1 if found and found[2] else size, size)
    lines = [
        "HTTP/1.1 206 Partial Content" if found else "HTTP/1.1 200 OK",
        f"Content-Length: {end - start}",
        "Accept-Ranges: bytes",
        f'ETag: "{path.name}-1"',
        f"Last-Modified: {WHEN}",
        "Content-Type: application/octet-stream",
        *([f"Content-Range: bytes {start}-{end - 1}/{size}"] if found else []),
    ]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    if method == "HEAD":
        return
    with path.open("rb") as stream:
        begun, first = time.monotonic(), start
        while start < end:
            count = min(end - start, rate // 20) if rate else end - start
            sent = os.sendfile(connection.fileno(), stream.fileno(), start, count)
            if not sent:
                raise OSError
            start += sent
            if rate:
                time.sleep(max(0.0, (start - first) / rate - (time.monotonic() - begun)))


def listing(folder: Path, prefix: str) -> bytes:
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    rows = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{(folder / key).stat().st_size}</Size><ETag>&quot;1-1&quot;</ETag>"
        "<LastModified>2026-11-23T00:00:00.000Z</LastModified><StorageClass>STANDARD</StorageClass></Contents>"
        for key in found
        if key.startswith(prefix)
    )
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()


def main() -> None:
    folder, rate = Path(sys.argv[2]), int(sys.argv[3]) * 1_000_000 if len(sys.argv) > 3 else 0
    with socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=300) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection, folder, rate), daemon=True).start()


if __name__ == "__main__":
    main()
