"""Which connection a request goes over."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from foureyes.http import RequestLimits
from foureyes.http.connection import HttpConnection
from foureyes.http.pool import ConnectionPool, NotSent
from foureyes.http.way import Way

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def test_a_request_goes_over_no_connection_that_was_ended_while_the_event_loop_was_busy() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def serve(listener: socket.socket) -> None:
        for goodbye in (TOO_LATE, b""):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(REPLY)
                may_end.wait(60)
                connection.sendall(goodbye)
            ended.set()

    async def scene(port: int) -> list[int]:
        pool, found = ConnectionPool(f"http://127.0.0.1:{port}", limits=RequestLimits(), proxies=False), []
        for _ in range(2):
            async with pool.request("POST", "/", b"{}") as reply:
                found.append(reply.status)
                await reply.content()
            may_end.set()
            ended.wait(60)  # nothing else runs in this event loop meanwhile
        await pool.aclose()
        return found

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,), daemon=True)
        server.start()
        assert asyncio.run(scene(listener.getsockname()[1])) == [200, 200]
        server.join()


@pytest.mark.parametrize("host", [f"{'a' * 64}.example", "a..example"])
def test_a_name_that_no_host_can_have_is_a_connection_that_failed(host: str) -> None:
    async def scene() -> None:
        async with ConnectionPool(f"http://{host}", limits=RequestLimits(), proxies=False).request("GET", ""):
            pass

    with pytest.raises(NotSent, match="the connection failed"):
        asyncio.run(scene())


def test_nothing_is_sent_to_a_server_that_hung_up_while_the_connection_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def connected(_: Way) -> HttpConnection:
        connection = HttpConnection()
        connection.eof_received()
        return connection

    async def scene() -> None:
        async with ConnectionPool("http://127.0.0.1:1", limits=RequestLimits(), proxies=False).request("GET", ""):
            pass

    monkeypatch.setattr(Way, "connected", connected)
    with pytest.raises(NotSent, match="hung up"):
        asyncio.run(scene())
