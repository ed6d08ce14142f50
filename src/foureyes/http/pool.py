"""Connections to one server that are used again, with next to nothing added to what the server takes.

This sends one request over a connection of asyncio's, and lets httptools, which uvicorn stands on, read the reply
(docs/adr/037-lean-requests.md): httpx takes some three times as much of the processor for a request. It speaks HTTP/1.1, with TLS or without, through the proxy that the environment names, follows no
redirects, and closes a connection at once when whoever waits for it is cancelled.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

from foureyes.errors import InputError
from foureyes.http.addresses import require_address, require_key
from foureyes.http.connection import HttpConnection
from foureyes.http.error_text import LOOKED_THROUGH, beginning, cleaned, codes_of, message_of
from foureyes.http.failures import RequestFailed, failure_of_status
from foureyes.http.limits import REFUSAL_S, RequestLimits
from foureyes.http.way import Way

__all__ = ["ConnectionPool", "NotSent", "PooledReply"]

KEEP_ALIVE_S: Final = 4.0
"""Servers hang up on connections unused for five seconds; a request sent just then may be lost, or paid for nothing."""

CONNECT_S: Final = 5.0


class NotSent(RequestFailed):
    """No connection was made, so that nothing was asked and nothing is paid."""


class PooledReply:
    """A reply whose head has come.

    Attributes:
        status: of it.
        headers: by name in small letters; of two of one name the last.
    """

    def __init__(self, connection: HttpConnection, max_bytes: int) -> None:
        self.status: int = connection.status
        self.headers: dict[str, str] = connection.headers
        self._connection, self._max_bytes = connection, max_bytes

    @property
    def is_success(self) -> bool:
        """Whether its status is one of success."""
        return 200 <= self.status < 300

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes.

        Raises:
            RequestFailed: it breaks off, or is too large.
        """
        if self._is_packed:
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

    async def failure(self, *, secret: str | None = None, ends: float | None = None) -> RequestFailed:
        """What a reply says that is not one of success: its status, whatever its body is, and what of that can be had.

        Of a body that is too long, breaks off or comes too slowly, the beginning is told; of a packed one nothing.

        Args:
            secret: is not repeated.
            ends: by the loop's clock, when whoever asks gives up; the words are waited for for half as long at most.
        """
        left_s = math.inf if ends is None else ends - asyncio.get_running_loop().time()
        said = await self._said(secret, min(REFUSAL_S, left_s / 2))
        words, told = cleaned(message_of(said), secret=secret), self.headers
        return failure_of_status(
            self.status, words, codes=codes_of(said), retry_after=told.get("retry-after"), date=told.get("date")
        )

    async def _said(self, secret: str | None, within_s: float) -> bytes:
        if 300 <= self.status < 400 and (elsewhere := self.headers.get("location")):
            return f"redirects to {elsewhere}".encode()
        if self._is_packed:
            return b""
        content, is_whole = bytearray(), False
        with suppress(RequestFailed, TimeoutError):
            async with asyncio.timeout(within_s):
                while len(content) <= self._most_told and (piece := await self._connection.piece()) is not None:
                    content += piece
                is_whole = len(content) <= self._most_told
        return beginning(bytes(content[: self._most_told]), secret=secret, is_whole=is_whole)

    @property
    def _most_told(self) -> int:
        return min(self._max_bytes, LOOKED_THROUGH)

    @property
    def _is_packed(self) -> bool:
        return self.headers.get("content-encoding", "identity") != "identity"


class ConnectionPool:
    """A pool of connections to one server, for use in one event loop.

    Args:
        address: where paths are appended.
        key: API key sent as a bearer token; ``None`` for none.
        limits: how many at once and how large a reply may be. How long and how often is the caller's.
        keep_alive_s: seconds after which an unused connection is not used again.
        proxies: whether the proxy that the environment names is gone through.

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
        proxies: bool = True,
    ) -> None:
        parts = urlsplit(require_address(address))
        self._way = Way.to(parts, proxies=proxies)
        self._path = f"{self._way.prefix}{parts.path}"
        authorization = "" if key is None else f"Authorization: Bearer {require_key(key)}\r\n"
        self._head = (
            f"Host: {parts.netloc}\r\n{authorization}{self._way.header}User-Agent: foureyes\r\nAccept-Encoding: identity\r\n"
        ).encode()
        self._limits, self._keep_alive_s = limits, keep_alive_s
        self._free: deque[tuple[HttpConnection, float]] = deque()
        self._at_once = asyncio.Semaphore(limits.concurrency)
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"ConnectionPool({self._way.host!r}, {self._way.port})"

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> AsyncGenerator[PooledReply, None]:
        """Sends a request, and gives the reply as soon as its head has come. Leaving early closes the connection.

        Args:
            method: of the request, such as ``POST``.
            path: below the address; empty for the address itself.
            content: its body; none is sent where it is empty and the method is ``GET``.
            headers: further ones, by name.
            max_bytes: how large the reply may be; ``None`` for what the limits say.

        Raises:
            InputError: method, path or a header holds what would end it and begin something else.
            NotSent: no connection could be made.
            RequestFailed: the connection broke, or what came is no HTTP.
        """
        sent = self._sent(method, path, content, headers or {})
        self._follow_loop()
        async with self._at_once:
            connection = await self._connection()
            try:
                connection.send(sent)
                await connection.head()
                yield PooledReply(connection, max_bytes or self._limits.max_bytes)
            finally:
                self._put_back(connection)

    async def aclose(self) -> None:
        """Closes every connection that is not in use, and lets none be used again."""
        self._closed = True
        while self._free:
            self._free.pop()[0].abort()

    def _sent(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> bytes:
        target = f"{self._path.rstrip('/')}{path}" if path else self._path or "/"
        _require_line("a method and a path", method + target, never=" ")
        _require_line("headers", "".join(headers.values()))
        _require_line("names of headers", "".join(headers), never=" :")
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        if content or method != "GET":
            lines.append(f"Content-Length: {len(content)}\r\n")
        return b"".join(
            (
                f"{method} {target} HTTP/1.1\r\n".encode(),
                self._head,
                *[line.encode() for line in lines],
                b"\r\n",
                content,
            )
        )

    def _follow_loop(self) -> None:
        """Programs may run one event loop after another: what belongs to an earlier one is of no use."""
        if (loop := asyncio.get_running_loop()) is not self._loop:
            self._loop, self._at_once = loop, asyncio.Semaphore(self._limits.concurrency)
            self._free.clear()

    async def _connection(self) -> HttpConnection:
        while self._free:
            connection, since = self._free.pop()
            if connection.is_free and time.monotonic() - since < self._keep_alive_s and connection.is_silent:
                return connection
            connection.abort()
        if self._closed:
            raise NotSent("the connections are closed", "unavailable")
        return await self._connected()

    async def _connected(self) -> HttpConnection:
        try:
            async with asyncio.timeout(CONNECT_S):
                connection = await self._way.connected()
        except TimeoutError as error:
            raise _not_sent("the server did not answer in time") from error
        except (OSError, UnicodeError) as error:  # ssl.SSLError is one; the other is of a name that no host can have
            raise _not_sent("the connection failed", f"{type(error).__name__}: {error}") from error
        except RequestFailed as error:
            raise _not_sent(f"the proxy failed: {error.words}") from error
        if not connection.is_free:  # it spoke or hung up before it was asked
            connection.abort()
            raise _not_sent("the server hung up")
        return connection

    def _put_back(self, connection: HttpConnection) -> None:
        now = time.monotonic()
        if connection.is_free and not self._closed:
            self._free.append((connection, now))
        else:
            connection.abort()
        while self._free and now - self._free[0][1] >= self._keep_alive_s:  # the last one back is the next one used
            self._free.popleft()[0].abort()


def _require_line(what: str, words: str, *, never: str = "") -> None:
    """Makes sure that words end where they are to; they may be secret, and are not repeated."""
    if not words.isascii() or not words.isprintable() or any(c in words for c in never):
        raise InputError(f"wanted {what} of printable ASCII in one line; got something else")


def _not_sent(words: str, quoted: str = "") -> NotSent:
    return NotSent(words, "unavailable", retryable=True, server_wide=True, quoted=quoted)
