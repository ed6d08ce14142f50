"""The door: what strangers may send, hold open and make wait, over real sockets to a real server."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from foureyes.config import ServerSettings
from foureyes.service.door import Door
from foureyes.service.door_protocol import DoorProtocol
from foureyes.service.door_protocol import _Transport as DoorTransport
from tests.service.house import House, open_house
from tests.service.loopback import serving

__all__ = ["open_house"]

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: door\r\n"
VERIFY = "POST /v1/guard/verify HTTP/1.1\r\nHost: door\r\nContent-Type: application/json\r\n"
CHUNKED = VERIFY + "Transfer-Encoding: chunked\r\n"


@contextmanager
def connecting(house: House, **limits: Any) -> Iterator[Callable[[], socket.socket]]:
    """Connects to the house while it is served."""
    house.change(server=ServerSettings(**limits))
    with serving(house.app) as url, ExitStack() as stack:
        port = int(url.rpartition(":")[2])
        yield lambda: stack.enter_context(socket.create_connection(("127.0.0.1", port), 60))


def received(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of everything that comes until the server closes."""
    said = b""
    while piece := connection.recv(65_536):
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:]), body


def answered(connection: socket.socket, request: bytes) -> bytes:
    """The answer of a connection that stays: all of it, so that nothing is left to be read."""
    connection.sendall(request)
    said = b""
    while True:
        said += connection.recv(65_536)
        head, found, body = said.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if found and length is not None and len(body) >= int(length[1]):
            return said


def flood(connection: socket.socket, start: bytes, piece: bytes, n: int = 10_000) -> tuple[int, dict[str, str], bytes]:
    """Sends a start and pieces without end, and what is answered."""
    try:
        connection.sendall(start)
        for _ in range(n):
            connection.sendall(piece)
    except OSError:
        pass
    return received(connection)


@pytest.mark.parametrize(
    ("start", "piece", "status", "kind"),
    [
        (HEALTH + b"X: ", b"x" * 65_536, 431, "head-too-large"),
        (HEALTH, b"a:\r\n" * 16_384, 431, "head-too-large"),
        (b"GET /", b"a" * 65_536, 414, "address-too-long"),
        (b"", b"\r\n" * 32_768, 431, "head-too-large"),
        (b"", b"\x16\x03\x01 not HTTP", 400, "malformed"),
    ],
)
def test_a_head_without_a_measure_is_refused(house: House, start: bytes, piece: bytes, status: int, kind: str) -> None:
    with connecting(house) as connect:
        found, headers, body = flood(connect(), start, piece)
        assert (found, headers["connection"]) == (status, "close")
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["type"] == f"urn:foureyes:problem:{kind}"
        assert b" 200 " in answered(connect(), HEALTH + b"\r\n")
    assert "turned_away" in house.log.getvalue()


def test_a_head_within_its_bounds_is_served_however_it_arrives(house: House) -> None:
    with connecting(house) as connect:
        connection = connect()
        for byte in HEALTH + b"X: " + b"x" * 1000 + b"\r\n\r\n":
            connection.send(bytes([byte]))
        assert b" 200 " in connection.recv(65_536)
        assert b" 200 " in answered(connection, HEALTH + b"X: " + b"x" * 31_000 + b"\r\n\r\n")


def test_limits_of_a_reload_are_in_force_for_the_next_head(house: House) -> None:
    request = HEALTH + b"X: " + b"x" * 5000 + b"\r\n\r\n"
    with connecting(house) as connect:
        assert b" 200 " in answered(connect(), request)
        house.change(server=ServerSettings(max_head_bytes=1000))
        assert b" 431 " in answered(connect(), request)


def test_a_head_that_does_not_come_is_not_waited_for(house: House) -> None:
    with connecting(house, head_timeout_s=1.0) as connect:
        silent, slow = connect(), connect()
        slow.sendall(HEALTH)
        assert received(slow)[0] == 408
        assert silent.recv(1) == b""


def test_the_second_head_of_a_connection_is_not_waited_for_either(house: House) -> None:
    with connecting(house) as connect:
        connection = connect()
        assert b" 200 " in answered(connection, HEALTH + b"\r\n")
        house.change(server=ServerSettings(head_timeout_s=0.1))
        connection.sendall(b"GET /he")
        assert received(connection)[0] == 408


def test_trailers_are_bounded(house: House) -> None:
    key = f"X-API-Key: {house.keys['verify'].presented}\r\n\r\n0\r\n"
    with connecting(house) as connect:
        assert flood(connect(), (CHUNKED + key + "X: ").encode(), b"x" * 65_536)[0] == 400
        assert flood(connect(), (CHUNKED + key).encode(), b"a:\r\n" * 16_384)[0] == 431


def test_a_stranger_is_told_and_nothing_more_is_read(house: House) -> None:
    with connecting(house) as connect:
        announced = (VERIFY + "Content-Length: 1073741824\r\n\r\n").encode()
        for start, piece in (
            (announced, b" " * 65_536),
            ((CHUNKED + "\r\n").encode(), b"1000\r\n" + b" " * 4096 + b"\r\n"),
        ):
            status, headers, _ = flood(connect(), start, piece)
            assert (status, headers["connection"]) == (401, "close")


def test_a_connection_stays_where_all_of_a_refused_request_has_arrived(house: House) -> None:
    with connecting(house) as connect:
        connection = connect()
        for start in (VERIFY + "Content-Length: 2\r\n\r\n{}", CHUNKED + "\r\n2\r\n{}\r\n0\r\n\r\n"):
            said = answered(connection, start.encode())
            assert b" 401 " in said
            assert b"connection: close" not in said
        assert b" 200 " in answered(connection, HEALTH + b"\r\n")


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(house: House) -> None:
    key = f"X-API-Key: {house.keys['verify'].presented}\r\n"
    with connecting(house) as connect:
        connection = connect()
        connection.sendall((VERIFY + key + "Content-Length: 1073741824\r\nExpect: 100-continue\r\n\r\n").encode())
        status, headers, _ = received(connection)
        assert (status, headers["connection"]) == (413, "close")
        in_chunks = (CHUNKED + key + "\r\n").encode()
        assert flood(connect(), in_chunks, b"10000\r\n" + b" " * 65_536 + b"\r\n")[0] == 413


def test_requests_that_do_not_wait_for_answers_are_few(house: House) -> None:
    with connecting(house) as connect:
        connection = connect()
        connection.sendall((HEALTH + b"\r\n") * 3)
        said = b""
        while said.count(b" 200 ") < 3:
            said += connection.recv(65_536)
        status, _, body = flood(connect(), b"", (HEALTH + b"\r\n") * 1000)
        assert status == 200
        assert body.count(b"HTTP/1.1") <= 20


def test_an_answer_goes_out_before_what_follows_it_is_refused(house: House) -> None:
    with connecting(house) as connect:
        status, _, body = flood(connect(), HEALTH + b"\r\nnot HTTP\r\n\r\n", b"x", 1)
        assert (status, body.count(b"HTTP/1.1 ")) == (200, 0)


def test_a_protocol_that_is_not_spoken_is_not_switched_to(house: House) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: %b\r\nSec-WebSocket-Key: x\r\n\r\n"
    with connecting(house) as connect:
        for protocol in (b"websocket", b"h2c"):
            connection = connect()
            connection.sendall(HEALTH + upgrade % protocol)
            status, headers, _ = received(connection)
            assert (status, headers["connection"]) == (200, "close")


def test_connections_that_ask_nothing_give_way(house: House) -> None:
    with connecting(house, max_connections=3) as connect:
        first, *_ = held = [connect() for _ in range(3)]
        for connection in held:
            assert b" 200 " in answered(connection, HEALTH + b"\r\n")
        assert b" 200 " in answered(connect(), HEALTH + b"\r\n")
        assert first.recv(1) == b""
        assert b" 200 " in answered(held[1], HEALTH + b"\r\n")


def test_where_nobody_can_give_way_a_newcomer_is_told(house: House) -> None:
    asked, release = threading.Semaphore(0), threading.Event()

    class Slow:
        async def verify(self, *arguments: Any, **options: Any) -> Any:
            asked.release()
            await asyncio.to_thread(release.wait, 60)
            return await house.guard().verify(*arguments, **options)

    body = b'{"prompt": "p", "response": "r"}'
    head = VERIFY + f"X-API-Key: {house.keys['verify'].presented}\r\nContent-Length: {len(body)}\r\n\r\n"
    with connecting(house, max_connections=2) as connect:
        house.change(guard=Slow(), server=house.state.parts.server)
        held = [connect() for _ in range(2)]
        for connection in held:
            connection.sendall(head.encode() + body)
            assert asked.acquire(timeout=60)
        status, headers, said = received(connect())
        release.set()
        assert (status, headers["connection"]) == (503, "close")
        assert json.loads(said)["type"] == "urn:foureyes:problem:unavailable"
        assert all(b" 200 " in connection.recv(65_536) for connection in held)


class Held:
    """A connection as the door sees it."""

    def __init__(self, door: Door, peer: str) -> None:
        self.door, self.peer, self.gone = door, peer, False

    def give_way(self) -> None:
        self.gone = True
        self.door.leave(self, self.peer)


def test_half_open_connections_give_way_to_newer_ones_after_a_grace() -> None:
    now = [0.0]
    why: list[str] = []
    door = Door(lambda: ServerSettings(max_half_open=2), why.append, clock=lambda: now[0])
    held = [Held(door, "192.0.2.1") for _ in range(4)]
    assert all(door.enter(one, one.peer) for one in held[:3])
    assert door.half_open == 3
    now[0] = 2.0
    assert door.enter(held[3], held[3].peer)
    assert [one.gone for one in held] == [True, False, False, False]
    door.serve(held[1], held[1].peer)
    assert (door.n, door.half_open, why) == (3, 2, ["half-open", "half-open"])


def test_from_one_address_come_only_so_many_unless_one_gives_way() -> None:
    now = [0.0]
    door = Door(lambda: ServerSettings(max_connections_per_address=2), clock=lambda: now[0])
    held = [Held(door, "2001:db8::") for _ in range(2)]
    assert all(door.enter(one, one.peer) for one in held)
    assert not door.enter(Held(door, "2001:db8::"), "2001:db8::")
    assert door.enter(Held(door, "192.0.2.1"), "192.0.2.1")
    now[0] = 2.0
    assert door.enter(Held(door, "2001:db8::"), "2001:db8::")
    assert ([one.gone for one in held], door.n) == ([True, False], 3)


def test_whoever_is_served_does_not_give_way() -> None:
    door = Door(lambda: ServerSettings(max_connections=2), clock=lambda: 0.0)
    busy = [Held(door, f"192.0.2.{i}") for i in range(2)]
    for one in busy:
        assert door.enter(one, one.peer)
        door.serve(one, one.peer)
    assert not door.enter(Held(door, "192.0.2.9"), "192.0.2.9")
    door.wait(busy[1], busy[1].peer, half_open=False)
    assert door.enter(Held(door, "192.0.2.9"), "192.0.2.9")
    assert [one.gone for one in busy] == [False, True]
    assert door.n == 2


def test_what_is_written_to_nobody_is_no_failure() -> None:
    class Gone(asyncio.Transport):
        """As uvloop's transports are between the end of the other side and its being told."""

        def is_closing(self) -> bool:
            return True

        def write(self, _: Any) -> None:
            raise RuntimeError("the handle is closed")

    DoorTransport(Gone(), None).write(b"x")  # type: ignore[arg-type]


def test_a_connection_that_ended_leaves_nothing_in_circles(house: House) -> None:
    """What points to itself is found by Python's collector only, which looks seldom."""
    protocols: list[weakref.ref[DoorProtocol]] = []
    made = DoorProtocol.connection_made

    def remembering(self: DoorProtocol, transport: asyncio.Transport) -> None:
        protocols.append(weakref.ref(self))
        made(self, transport)

    gc.collect()
    gc.disable()
    try:
        with pytest.MonkeyPatch.context() as patch, connecting(house) as connect:
            patch.setattr(DoorProtocol, "connection_made", remembering)
            for _ in range(3):
                with connect() as connection:
                    answered(connection, HEALTH + b"\r\n")
            for _ in range(500):
                if not any(one() for one in protocols):
                    break
                threading.Event().wait(0.02)
        assert len(protocols) == 3
        assert not any(one() for one in protocols)
    finally:
        gc.enable()
