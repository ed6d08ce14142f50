"""Servers that answer as a script says, on real sockets."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

JSON = {"content-type": "application/json"}


@dataclass
class Upstream:
    """What a server was sent, and what became of its connections.

    Attributes:
        bodies: of the requests, as JSON.
        heads: of the requests, as text.
        hung_up: how many connections ended while a reply was under way.
        connections: how many there were.
    """

    bodies: list[Any] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    hung_up: int = 0
    connections: int = 0
    url: str = ""


def whole(status: int, body: Any, headers: dict[str, str] = JSON) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}content-length: {len(content)}\r\n\r\n".encode() + content


def chunked(*pieces: bytes, end: bool = True, kind: str = "text/event-stream") -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    body = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return head + body + (b"0\r\n\r\n" if end else b"")


def event(data: Any) -> bytes:
    return b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"


Gated = tuple[asyncio.Event, bytes]
"""What is to be waited for, and bytes to answer with then."""

Script = Callable[[int], bytes | float | Gated | None]
"""Of the number of a request, from 0: bytes to answer with, seconds to say nothing, or ``None`` to hang up."""


async def until(met: Callable[[], Any]) -> None:
    """Waits for something that must come to be."""
    async with asyncio.timeout(60):
        while not met():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def upstream(
    script: Script, *, close: bool = False, secure: ssl.SSLContext | None = None
) -> AsyncIterator[Upstream]:
    """A server; with ``close`` it ends the connection after every answer."""
    seen, writers = Upstream(), set[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        seen.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
                seen.heads.append(head)
                seen.bodies.append(json.loads(await reader.readexactly(length)))
                said = script(len(seen.bodies) - 1)
                if isinstance(said, float):
                    gone = await asyncio.wait_for(reader.read(1), said)
                    seen.hung_up += gone == b""
                    return
                if said is None:
                    return
                if isinstance(said, tuple):
                    await said[0].wait()
                    said = said[1]
                writer.write(said)
                await writer.drain()
                if close:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=secure)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield seen
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def proxy(refuses: bytes | None = None) -> AsyncIterator[list[str]]:
    """A proxy that makes tunnels, or none: its address, and behind it every line that it was sent."""
    seen: list[str] = []
    writers: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        seen.extend(lines)
        if refuses is not None:
            writer.write(refuses)
            writer.close()
            return
        port = lines[0].split(" ")[1].rpartition(":")[2]
        there = await asyncio.open_connection("127.0.0.1", int(port))
        writers.extend((writer, there[1]))
        writer.write(b"HTTP/1.1 200 Go on\r\n\r\n")
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.append(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield seen
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.sleep(0.05)
