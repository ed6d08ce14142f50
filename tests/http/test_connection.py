"""When a connection may be used again, and what is no whole reply, byte by byte."""

from __future__ import annotations

import asyncio

import pytest

from foureyes.http.connection import HttpConnection
from foureyes.http.failures import RequestFailed


class Transport(asyncio.Transport):
    """Takes all and does nothing, but knows what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def write(self, data: object) -> None:
        """Nobody reads it."""

    def pause_reading(self) -> None:
        """Nothing is read anyhow."""

    def abort(self) -> None:
        self.aborted = True


def asked() -> HttpConnection:
    connection = HttpConnection()
    connection.connection_made(Transport())
    connection.send(b"GET / HTTP/1.1\r\n\r\n")
    return connection


def test_a_connection_whose_large_reply_nobody_took_is_not_used_again() -> None:
    connection, n = asked(), 300_000
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n + b"a" * (n - 1))
    connection.data_received(b"a")
    assert not connection.is_free  # reading stands still, and the next reply would never come


@pytest.mark.parametrize("more", [b"HTTP/1.1 500 X\r\nContent-Length: 6\r\n\r\nab", b"HTTP/1.1 40"])
def test_a_connection_with_a_second_reply_is_not_used_again_and_the_first_stays_as_it_is(more: bytes) -> None:
    connection = asked()
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na" + more)
    assert not connection.is_free
    assert connection.status == 200
    assert asyncio.run(connection.piece()) == b"a"
    assert asyncio.run(connection.piece()) is None


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "gzip, CHUNKED"])
def test_a_reply_in_chunks_that_breaks_off_is_not_taken_for_a_whole_one(coding: str) -> None:
    connection = asked()
    connection.data_received(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n5\r\nabc".encode())
    connection.eof_received()
    assert asyncio.run(connection.piece()) == b"abc"
    with pytest.raises(RequestFailed, match="hung up"):
        asyncio.run(connection.piece())


def test_a_server_that_speaks_something_else_from_now_on_has_failed() -> None:
    connection = asked()
    connection.data_received(b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
    with pytest.raises(RequestFailed, match="no HTTP"):
        asyncio.run(connection.head())
