"""Which connection a request goes over."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import SimpleNamespace

import pytest

from foureyes.http import RequestLimits, pool
from foureyes.http.connection import HttpConnection
from foureyes.http.pool import ConnectionPool, NotSent
from foureyes.http.way import Way
from tests.route.upstreams import until

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
        one, found = ConnectionPool(f"http://127.0.0.1:{port}", limits=RequestLimits(), proxies=False), []
        for _ in range(2):
            async with one.request("POST", "/", b"{}") as reply:
                found.append(reply.status)
                await reply.content()
            may_end.set()
            ended.wait(60)  # nothing else runs in this event loop meanwhile
        await one.aclose()
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


def test_connections_that_a_rush_left_behind_are_closed_though_the_server_keeps_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, open_ones = [0.0], set[asyncio.StreamWriter]()
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: now[0]))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(REPLY)
        except (asyncio.IncompleteReadError, ConnectionError):
            open_ones.discard(writer)
            writer.close()

    async def scene() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            one = ConnectionPool(url, limits=RequestLimits(), keep_alive_s=4.0, proxies=False)
            async with (
                one.request("GET", "") as first,
                one.request("GET", "") as second,
                one.request("GET", "") as third,
            ):
                assert [await reply.content() for reply in (first, second, third)] == [b"ok"] * 3
            assert len(open_ones) == 3
            for now[0] in (3.0, 6.0):
                async with one.request("GET", "") as reply:
                    await reply.content()
            await until(lambda: len(open_ones) == 1)
            await one.aclose()
            await until(lambda: not open_ones)

    asyncio.run(scene())
