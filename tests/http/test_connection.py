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
        self.unsent = 0

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def write(self, data: object) -> None:
        """Nobody reads it."""

    def pause_reading(self) -> None:
        """Nothing is read anyhow."""

    def abort(self) -> None:
        self.aborted = True


def asked(transport: Transport | None = None) -> HttpConnection:
    connection = HttpConnection()
    connection.connection_made(transport or Transport())
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


def test_a_connection_on_which_a_request_was_answered_before_it_was_sent_is_not_used_again() -> None:
    transport = Transport()
    connection = asked(transport)
    transport.unsent = 10  # a server that does not wait for them may take them for another request
    connection.data_received(b"HTTP/1.1 413 X\r\nContent-Length: 1\r\n\r\na")
    assert not connection.is_free
    assert asyncio.run(connection.piece()) == b"a"
    assert asyncio.run(connection.piece()) is None


def test_what_follows_a_body_in_chunks_is_no_header() -> None:
    connection = asked()
    connection.data_received(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a\r\n\r\n1\r\nx\r\n0\r\nContent-Type: b\r\nLocation: c\r\n\r\n"
    )
    assert connection.headers == {"transfer-encoding": "chunked", "content-type": "a"}
    assert connection.is_free


UNCLEAR = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "two lengths in one": b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
    "a length beyond numbers": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "a chunk's size beyond numbers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "a chunk's size in another form": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "a chunk that is longer than it says": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    "a blank before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na",
    "a header over two lines": b"HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 1\r\n\r\na",
    "a null in a header": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "a line feed alone": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "a carriage return alone": b"HTTP/1.1 200 OK\r\nX: a\rContent-Length: 0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("reply", UNCLEAR.values(), ids=UNCLEAR)
def test_where_it_is_unclear_where_a_reply_ends_there_is_none_and_the_connection_is_not_used_again(
    reply: bytes,
) -> None:
    async def whole(connection: HttpConnection) -> bytes:
        await connection.head()
        pieces = []
        while (piece := await connection.piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    for at_once in (len(reply), 1):
        connection = asked()
        for start in range(0, len(reply), at_once):
            connection.data_received(reply[start : start + at_once])
        assert not connection.is_free
        with pytest.raises(RequestFailed, match="no HTTP"):
            asyncio.run(whole(connection))


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_provisional_replies_are_passed_over_with_their_headers_and_not_without_end(status: int) -> None:
    provisional = b"HTTP/1.1 %d X\r\nLocation: elsewhere\r\n\r\n" % status
    connection = asked()
    connection.data_received(provisional * 3 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert (connection.status, connection.headers, connection.is_free) == (200, {"content-length": "0"}, True)
    connection = asked()
    for _ in range(20_000):
        connection.data_received(provisional)
    with pytest.raises(RequestFailed, match="without end"):
        asyncio.run(connection.head())
