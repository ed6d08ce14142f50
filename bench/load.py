"""A load generator over loopback: keep-alive connections that each send the same request again as soon as it is answered.

Lean on purpose (a bare protocol on uvloop, answers recognised by their length), so that one core of it can keep a server
on another core busy. Latency is from writing a request to having read all of its answer.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import uvloop

__all__ = ["Load", "offer"]

_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load.

    Attributes:
        per_second: answers a second.
        p50_ms, p99_ms: quantiles of latency.
        n: answers.
        failed: answers with another status than 200.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    n: int
    failed: int


def offer(port: int, request: bytes, *, concurrent: int, n: int) -> Load:
    """Sends n requests over so many connections at once, and waits for every answer.

    Args:
        port: of a server on loopback.
        request: the whole of it, head and body.
        concurrent: connections.
        n: requests in all.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_offer(port, request, concurrent, n))


@dataclass(slots=True)
class _Account:
    left: int
    request: bytes
    latencies: list[float]
    failed: int = 0


class _Connection(asyncio.Protocol):
    """One connection; ``done`` is set when it has nothing left to send."""

    def __init__(self, account: _Account) -> None:
        self._account = account
        self._buffer = b""
        self._sent = 0.0
        self._transport: Any = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        match = _LENGTH.search(head)
        if match is None or len(body) < int(match[1]):
            return
        self._account.latencies.append(time.perf_counter() - self._sent)
        self._account.failed += not head.startswith(b"HTTP/1.1 200")
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed a connection under load"))

    def _next(self) -> None:
        if self._account.left <= 0:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._account.left -= 1
        self._sent = time.perf_counter()
        self._transport.write(self._account.request)


async def _offer(port: int, request: bytes, concurrent: int, n: int) -> Load:
    loop = asyncio.get_running_loop()
    account = _Account(n, request, [])
    started = time.perf_counter()
    made = [await loop.create_connection(lambda: _Connection(account), "127.0.0.1", port) for _ in range(concurrent)]
    await asyncio.gather(*(connection.done for _, connection in made))
    took = time.perf_counter() - started
    p50, p99 = np.quantile(np.array(account.latencies) * 1000, [0.5, 0.99])
    return Load(n / took, float(p50), float(p99), n, account.failed)
