"""What goes over a connection, packet by packet."""

from __future__ import annotations

import socket
import threading

import pytest

from delivery.progress import CancelToken
from delivery.storage.carry import Text
from delivery.storage.wire import Wire

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.skipif(not hasattr(socket, "TCP_CORK"), reason="Linux alone keeps packets back until they are full")
def test_a_short_body_goes_in_one_packet_with_its_head_and_nothing_is_kept_back_afterwards() -> None:
    came: list[bytes] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            for _ in range(2):
                came.append(connection.recv(65536))
                connection.sendall(ANSWER)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        wire = Wire(f"http://127.0.0.1:{server.getsockname()[1]}")
        for _ in range(2):
            assert wire.send("PUT", "/x", {}, Text(b"the body"), CancelToken()).status == 200
        (connection,) = wire._idle
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK) == 0
        thread.join()
        connection.close()
    assert [data.endswith(b"\r\n\r\nthe body") for data in came] == [True, True]
