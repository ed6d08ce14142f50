"""One connection to a server that speaks HTTP/1.1: a request out, a reply in, and again."""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from typing import Final, cast

from foureyes.errors import ConfigError
from foureyes.http.failures import RequestFailed

try:
    import httptools
except ImportError as error:
    raise ConfigError(f"talking to a server needs {error.name}: pip install 'foureyes[http]'") from error

__all__ = ["HttpConnection"]

_HELD: Final = 1 << 18
"""Bytes that wait for whoever reads; beyond it the server has to wait."""


_Looking: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.SelectSelector)

_MOST_IDLE: Final = 1 << 19
"""Bytes that say nothing of a body; a head has a few thousand."""


class HttpConnection(asyncio.Protocol):
    """A connection; :meth:`send`, then :meth:`head`, then :meth:`piece` until there is none."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._broken: RequestFailed | None = None
        self._busy = self._paused = False
        self._n_body, self._n_idle = 0, 0
        self.status = 0
        self.headers: dict[str, str] = {}
        self._start()

    @property
    def is_free(self) -> bool:
        """Whether another request may be sent: not where reading stands still, as nobody took the reply before."""
        return not (self._busy or self._paused) and self._broken is None and self._transport is not None

    @property
    def is_silent(self) -> bool:
        """Whether nothing came that this event loop did not get round to yet: a server that hangs up, or gives a reason to."""
        place = None if self._transport is None else self._transport.get_extra_info("socket")
        if place is None or place.fileno() < 0:
            return False
        with _Looking() as looking:
            looking.register(place.fileno(), selectors.EVENT_READ)
            return not looking.select(0)

    def send(self, request: bytes) -> None:
        """Sends a whole request."""
        if self._transport is None or not self.is_free:
            raise RuntimeError("a connection takes one request at a time")
        self._start()
        self._busy = True
        self._transport.write(request)

    async def head(self) -> None:
        """Waits for status and headers.

        Raises:
            RequestFailed: the connection broke, or this is no HTTP.
        """
        while not self._has_head:
            await self._more()

    async def piece(self) -> bytes | None:
        """What has come of the body since it was last asked for; ``None`` at its end. Raises as :meth:`head`."""
        while not self._pieces:
            if self._done:
                return None
            await self._more()
        found = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return found

    def abort(self) -> None:
        """Closes it at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's word that it is open."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """Asyncio's word that something came."""
        if not self._busy:  # nobody asked
            self._break("the server spoke without being asked")
            return
        before = self._n_body
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._break("the server's reply is no HTTP", quoted=type(error).__name__)
        self._n_idle = 0 if self._n_body > before else self._n_idle + len(data)
        if self._n_idle > _MOST_IDLE:
            self._break("the server sends headers without end")
        self._wake()

    def eof_received(self) -> bool:
        """Asyncio's word that the server has ended."""
        self._ended()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio's word that it is closed."""
        self._ended(exc)
        self._transport = None

    def on_message_begin(self) -> None:
        """The parser's word. One request has one reply: what follows it would be taken for the next one's."""
        if self._done:
            raise ValueError("a reply that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's word. What follows a body in chunks is no header, and may not pass for one (RFC 9110, 6.5.1)."""
        if not self._has_head:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The parser's word."""
        self.status = self._parser.get_status_code()
        if self.status >= 200:
            self._has_head = True
        else:
            self.headers = {}

    def on_body(self, body: bytes) -> None:
        """The parser's word."""
        self._pieces.append(body)
        self._n_body += len(body)
        self._held += len(body)
        if self._held > _HELD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The parser's word."""
        if not self._has_head:  # a provisional one came before
            return
        self._done = True
        if self._parser.should_keep_alive() and not self._has_unsent:
            self._busy = False
        else:
            self._broken = RequestFailed("the server closes the connection", "unavailable")

    @property
    def _has_unsent(self) -> bool:
        """Whether the server answered before it was sent all: it might take the rest for another request."""
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def _start(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers = {}
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._n_body = self._n_idle = 0
        self._has_head = self._done = False

    async def _more(self) -> None:
        if self._broken is not None:
            raise self._broken
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _ended(self, error: Exception | None = None) -> None:
        if self._has_head and not self._done and not _says_its_length(self.headers) and error is None:
            self._done = True  # a body that ends with its connection
        self._break("the server hung up", quoted="" if error is None else type(error).__name__)

    def _break(self, words: str, *, quoted: str = "") -> None:
        if self._broken is None:
            self._broken = RequestFailed(words, "unavailable", retryable=True, server_wide=True, quoted=quoted)
        self._wake()
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _says_its_length(headers: dict[str, str]) -> bool:
    return "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()
