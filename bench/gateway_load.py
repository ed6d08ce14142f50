"""Loads that :mod:`bench.load` does not offer: requests that come at their own times, and many that are held at once."""

from __future__ import annotations

import asyncio
import random
import re
import time
from typing import Any, Final

import numpy as np
import uvloop

from bench.load import Load

__all__ = ["arrive", "hold"]

_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CHUNKED_END: Final = b"\r\n0\r\n\r\n"


def arrive(port: int, request: bytes, *, per_second: float, n: int, seed: int) -> Load:
    """Sends n requests at random times, whether or not earlier ones are answered.

    Args:
        port: of a server on loopback.
        request: the whole of it.
        per_second: requests in the mean.
        n: requests.
        seed: of their times.

    Returns:
        Latencies from the moment at which a request was due, so that waiting for a free connection counts.
    """
    return uvloop.run(_arrive(port, request, per_second, n, seed))


def hold(port: int, request: bytes, *, n: int) -> Load:
    """Sends n requests at once, each over a connection of its own, and waits for every answer."""
    return uvloop.run(_hold(port, request, n))


async def _arrive(port: int, request: bytes, per_second: float, n: int, seed: int) -> Load:
    times = random.Random(seed)  # noqa: S311 - no secret
    free: list[_Connection] = []
    latencies: list[float] = []
    failed = 0
    started = due = time.perf_counter()

    async def ask(due: float) -> None:
        nonlocal failed
        connection = free.pop() if free else await _connected(port)
        failed += not await connection.ask(request)
        latencies.append(time.perf_counter() - due)
        free.append(connection)

    waiting = []
    for _ in range(n):
        due += times.expovariate(per_second)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        waiting.append(asyncio.ensure_future(ask(due)))
    await asyncio.gather(*waiting)
    return _load(latencies, time.perf_counter() - started, failed)


async def _hold(port: int, request: bytes, n: int) -> Load:
    connections = [await _connected(port) for _ in range(n)]
    latencies: list[float] = []
    started = time.perf_counter()

    async def ask(connection: _Connection) -> bool:
        good = await connection.ask(request)
        latencies.append(time.perf_counter() - started)
        return good

    found = await asyncio.gather(*map(ask, connections))
    took = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return _load(latencies, took, n - sum(found))


def _load(latencies: list[float], took: float, failed: int) -> Load:
    p50, p99 = np.quantile(np.array(latencies) * 1000, [0.5, 0.99])
    return Load(len(latencies) / took, float(p50), float(p99), len(latencies), failed)


async def _connected(port: int) -> _Connection:
    _, made = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    return made


class _Connection(asyncio.Protocol):
    """One request after another; an answer ends by its length or its last chunk."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: Any = None
        self._answered: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    async def ask(self, request: bytes) -> bool:
        """Whether the answer's status is 200."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or self._answered is None:
            return
        match = _LENGTH.search(head)
        if len(body) >= int(match[1]) if match else self._buffer.endswith(_CHUNKED_END):
            self._buffer = b""
            self._answered.set_result(head.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("the server closed a connection under load"))

    def close(self) -> None:
        self._transport.close()
