"""What strangers send to a door: heads without a measure, heads that never end, bodies nobody asked for.

Each attack says in a few words what came of it; :func:`suffer` also measures how long the event loop stood still and how much
memory the process took.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.door_service import Probe, Service, head_of, served

__all__ = ["ATTACKS", "Suffered", "suffer"]

_MIB: Final = 1 << 20
_BLOCK: Final = 1 << 16
_OPEN: Final = b"GET /healthz HTTP/1.1\r\nHost: door\r\n"


@dataclass(frozen=True, slots=True)
class Suffered:
    """What one attack did.

    Attributes:
        stall_s: longest wait of a caller who asks ``/healthz`` over another connection.
        memory_mib: what the process took at most, beyond what it had.
        outcome: what came of the attack, in words.
    """

    stall_s: float
    memory_mib: float
    outcome: str


def suffer(name: str, source: Path | None = None) -> Suffered:
    """Attacks a fresh service.

    Args:
        name: of the attack.
        source: another checkout's ``src``, to attack that one.
    """
    with TemporaryDirectory() as folder, served(Path(folder), source) as service:
        with Probe(service):
            time.sleep(0.5)  # what is loaded at the first request is loaded by then
        before = service.memory("VmRSS")
        with Probe(service) as probe:
            outcome = ATTACKS[name](service)
            time.sleep(0.2)
        words = f"{outcome}; the probe was cut off" if probe.broken else outcome
        return Suffered(probe.longest_s, max(0.0, service.memory("VmHWM") - before), words)


def _sent(connection: socket.socket, pieces: Iterable[bytes]) -> str:
    """Sends until the other side has had enough, and says how much that was and what it answered."""
    n, stopped = 0, ""
    try:
        for piece in pieces:
            connection.sendall(piece)
            n += len(piece)
    except OSError:
        stopped = " taken before it hung up"
    return f"{n / _MIB:.1f} MiB{stopped}, {_answer(connection)}"


def _answer(connection: socket.socket, wait_s: float = 20.0) -> str:
    connection.settimeout(wait_s)
    try:
        said = connection.recv(65_536)
    except TimeoutError:
        return "no answer"
    except OSError:
        return "cut off"
    return f"answered {said.split(b' ', 2)[1].decode()}" if said.startswith(b"HTTP/") else "closed"


def _of(piece: bytes, mib: float) -> Iterator[bytes]:
    block = piece * (_BLOCK // len(piece))
    for _ in range(int(mib * _MIB) // len(block)):
        yield block


def _one_header(service: Service) -> str:
    with service.connect() as connection:
        return _sent(connection, [_OPEN + b"X: ", *_of(b"x", 64), b"\r\n\r\n"])


def _many_heads(service: Service) -> str:
    with ExitStack() as stack:
        connections = [stack.enter_context(service.connect()) for _ in range(100)]
        said = [_sent_only(connection, [_OPEN + b"X: ", *_of(b"x", 4)]) for connection in connections]
        return f"{sum(said) / _MIB:.0f} MiB taken over 100 connections"


def _sent_only(connection: socket.socket, pieces: Iterable[bytes]) -> int:
    n = 0
    try:
        for piece in pieces:
            connection.sendall(piece)
            n += len(piece)
    except OSError:
        pass
    return n


def _header_a_byte(service: Service) -> str:
    with service.connect() as connection:
        return _sent(connection, [_OPEN, *_of(b"a:\r\n", 16), b"\r\n"])


def _long_url(service: Service) -> str:
    with service.connect() as connection:
        return _sent(connection, [b"GET /", *_of(b"a", 16), b" HTTP/1.1\r\nHost: door\r\n\r\n"])


def _pipelined(service: Service) -> str:
    with service.connect() as connection:
        return f"{_sent_only(connection, _of(_OPEN + bytes((13, 10)), 8)) / _MIB:.1f} MiB taken"


def _endless_trailers(service: Service) -> str:
    start = head_of("POST", "/v1/guard/verify", key=service.keys["calm"], more=_CHUNKED) + b"0\r\n"
    with service.connect() as connection:
        return _sent(connection, [start + b"X: ", *_of(b"x", 32)])


_CHUNKED: Final = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"


def _body_of_a_stranger(service: Service) -> str:
    start = head_of("POST", "/v1/guard/verify", more=f"Content-Type: application/json\r\nContent-Length: {1 << 30}\r\n")
    with service.connect() as connection:
        return _sent(connection, [start, *_of(b" ", 1024)])


def _body_announced(service: Service) -> str:
    more = f"Content-Type: application/json\r\nContent-Length: {1 << 30}\r\n"
    start = head_of("POST", "/v1/guard/verify", key=service.keys["calm"], more=more)
    with service.connect() as connection:
        return _sent(connection, [start, *_of(b" ", 1024)])


def _body_in_chunks(service: Service) -> str:
    start = head_of("POST", "/v1/guard/verify", key=service.keys["calm"], more=_CHUNKED)
    chunk = b"%x\r\n" % _BLOCK + b" " * _BLOCK + b"\r\n"
    with service.connect() as connection:
        return _sent(connection, [start, *(chunk for _ in range(1024 * _MIB // _BLOCK))])


def _slow_heads(service: Service) -> str:
    """A byte a second on each of 1500 connections; then one that behaves."""
    with ExitStack() as stack:
        connections = [stack.enter_context(service.connect(f"127.0.1.{i % 50 + 1}")) for i in range(1500)]
        for connection in connections:
            connection.sendall(_OPEN + b"X: ")
            connection.setblocking(False)  # noqa: FBT003 - as the standard library has it
        for _ in range(15):
            held = sum(_still_open(connection) for connection in connections)
            time.sleep(1)
        with service.connect() as behaving:
            behaving.sendall(head_of("GET", "/healthz"))
            return f"{held} of 1500 held after 15 s; a new caller is {_answer(behaving)}"


def _still_open(connection: socket.socket) -> bool:
    try:
        connection.send(b"x")
        return connection.recv(1024) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


ATTACKS: Final[Mapping[str, Callable[[Service], str]]] = {
    "one header of 64 MiB": _one_header,
    "400 MiB of headers over 100 connections": _many_heads,
    "16 MiB of headers of one byte": _header_a_byte,
    "a URL of 16 MiB": _long_url,
    "8 MiB of requests without waiting for answers": _pipelined,
    "32 MiB of trailers, with a key": _endless_trailers,
    "a body of 1 GiB, without a key": _body_of_a_stranger,
    "a body of 1 GiB, with a key": _body_announced,
    "a body of 1 GiB in chunks, with a key": _body_in_chunks,
    "1500 heads, a byte a second": _slow_heads,
}
