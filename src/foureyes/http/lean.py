"""Requests that a person waits for, with next to nothing added to what the server takes.

httpx takes about a millisecond of processor time a request, which is most of what a gateway may add in all. This sends one
request over a connection of asyncio's, and lets httptools, which uvicorn stands on, read the reply
(docs/adr/037-lean-requests.md). It speaks HTTP/1.1, with TLS or without, through the proxy that the environment names, follows no
redirects, and closes a connection at once when whoever waits for it is cancelled.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from foureyes.http.addresses import require_address, require_key
from foureyes.http.failures import RequestFailed
from foureyes.http.lean_connection import LeanConnection
from foureyes.http.lean_way import Way
from foureyes.http.limits import RequestLimits

__all__ = ["LeanClient", "LeanReply", "NotSent"]

KEEP_ALIVE_S: Final = 4.0
"""Servers hang up on connections unused for five seconds; a request sent just then may be lost, or paid for nothing."""

CONNECT_S: Final = 5.0


class NotSent(RequestFailed):
    """No connection was made, so that nothing was asked and nothing is paid."""


class LeanReply:
    """A reply whose head has come.

    Attributes:
        status: of it.
        headers: by name in small letters; of two of one name the last.
    """

    def __init__(self, connection: LeanConnection, max_bytes: int) -> None:
        self.status: int = connection.status
        self.headers: dict[str, str] = connection.headers
        self._connection, self._max_bytes = connection, max_bytes

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes.

        Raises:
            RequestFailed: it breaks off, or is too large.
        """
        if self.headers.get("content-encoding", "identity") != "identity":
            raise RequestFailed("the reply is packed, which was not asked for")
        n = 0
        while (piece := await self._connection.piece()) is not None:
            n += len(piece)
            if n > self._max_bytes:
                raise RequestFailed(f"wanted a reply of at most {self._max_bytes} bytes; got more")
            yield piece

    async def content(self) -> bytes:
        """The whole body; raises as :meth:`pieces`."""
        async with aclosing(self.pieces()) as pieces:
            return b"".join([piece async for piece in pieces])


class LeanClient:
    """A pool of connections to one server, for use in one event loop.

    Args:
        address: where paths are appended.
        key: API key sent as a bearer token; ``None`` for none.
        limits: how many at once and how large a reply may be. How long and how often is the caller's.
        keep_alive_s: seconds after which an unused connection is not used again.

    Raises:
        ConfigError: the address or the key cannot be used, or the environment names a proxy that cannot.
    """

    def __init__(
        self,
        address: str,
        *,
        key: str | None = None,
        limits: RequestLimits,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        parts = urlsplit(require_address(address))
        self._way = Way.to(parts)
        self._path = f"{self._way.prefix}{parts.path.rstrip('/')}"
        authorization = "" if key is None else f"Authorization: Bearer {require_key(key)}\r\n"
        self._head = (
            f"Host: {parts.netloc}\r\n{authorization}{self._way.header}User-Agent: foureyes\r\nAccept-Encoding: identity\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._limits, self._keep_alive_s = limits, keep_alive_s
        self._free: deque[tuple[LeanConnection, float]] = deque()
        self._at_once = asyncio.Semaphore(limits.concurrency)
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"LeanClient({self._way.host!r}, {self._way.port})"

    @asynccontextmanager
    async def post(
        self, path: str, content: bytes, *, accept: str = "application/json"
    ) -> AsyncGenerator[LeanReply, None]:
        """Sends JSON, and gives the reply as soon as its head has come. Leaving early closes the connection.

        Args:
            path: below the address.
            content: JSON.
            accept: the form of reply that is wanted.

        Raises:
            NotSent: no connection could be made.
            RequestFailed: the connection broke, or what came is no HTTP.
        """
        self._follow_loop()
        async with self._at_once:
            connection = await self._connection()
            try:
                head = f"POST {self._path}{path} HTTP/1.1\r\nAccept: {accept}\r\n".encode()
                connection.send(b"".join((head, self._head, str(len(content)).encode(), b"\r\n\r\n", content)))
                await connection.head()
                yield LeanReply(connection, self._limits.max_bytes)
            finally:
                self._put_back(connection)

    async def aclose(self) -> None:
        """Closes every connection that is not in use, and lets none be used again."""
        self._closed = True
        while self._free:
            self._free.pop()[0].abort()

    def _follow_loop(self) -> None:
        """Programs may run one event loop after another: what belongs to an earlier one is of no use."""
        if (loop := asyncio.get_running_loop()) is not self._loop:
            self._loop, self._at_once = loop, asyncio.Semaphore(self._limits.concurrency)
            self._free.clear()

    async def _connection(self) -> LeanConnection:
        while self._free:
            connection, since = self._free.pop()
            if connection.is_free and time.monotonic() - since < self._keep_alive_s:
                return connection
            connection.abort()
        if self._closed:
            raise NotSent("the connections are closed", "unavailable")
        return await self._connected()

    async def _connected(self) -> LeanConnection:
        try:
            async with asyncio.timeout(CONNECT_S):
                return await self._way.connected()
        except TimeoutError as error:
            raise _not_sent("the server did not answer in time") from error
        except OSError as error:  # ssl.SSLError is one
            raise _not_sent("the connection failed", f"{type(error).__name__}: {error}") from error
        except RequestFailed as error:
            raise _not_sent(f"the proxy failed: {error.words}") from error

    def _put_back(self, connection: LeanConnection) -> None:
        if connection.is_free and not self._closed:
            self._free.append((connection, time.monotonic()))
        else:
            connection.abort()


def _not_sent(words: str, quoted: str = "") -> NotSent:
    return NotSent(words, "unavailable", retryable=True, server_wide=True, quoted=quoted)
