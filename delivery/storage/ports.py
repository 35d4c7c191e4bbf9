"""Ports on loopback for the embedded store."""

from __future__ import annotations

import os
import secrets
import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now, outside the range that systems hand out for outgoing connections."""
    for _ in range(50):
        port = 20000 + secrets.randbelow(12000)
        if can_bind(port):
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def can_bind(port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":  # as the server does: ports in TIME_WAIT are free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
