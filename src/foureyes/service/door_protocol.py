"""HTTP/1.1 as uvicorn speaks it, with a bound on everything that a stranger may send before anybody asks who it is.

uvicorn's own protocol feeds its parser whatever arrives: a header of 64 MiB stops the event loop for seconds, and a head that
never ends is kept for ever. Here bytes are counted as they arrive:

* bytes in a row that are neither a finished head nor a body (431, or 414 while it is the address; 400 behind a head);
* headers by number, trailers included (431);
* seconds until the head of a request is there (408);
* requests that are sent without waiting for the answer to the one before.

What breaks a bound is answered with a problem where no other answer is under way, and the connection ends. Reading goes on
for a moment after that, so that the caller gets to see the answer; what is read then is thrown away.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from foureyes.service.door import BODY_ARRIVED, Door, peer_of
from foureyes.service.problems import MEDIA_TYPE, Refused, problem_of
from foureyes.types import new_id

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

__all__ = ["DoorProtocol"]

_MOST_PIPELINED: Final = 16
"""Requests that may wait for the answer to the one before. No client of today sends any."""

_LINGER_S: Final = 2.0
_LINGER_BYTES: Final = 1 << 20
"""What is still read, and thrown away, behind the last answer. A connection closed at once would lose the answer too."""

_FLUSH_S: Final = 30.0
"""Seconds that a caller gets to take the last of an answer."""


class _Unfit(Exception):
    """Bytes that break a bound."""

    def __init__(self, status: int, why: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.why, self.detail = status, why, detail


class DoorProtocol(HttpToolsProtocol):
    """One connection that speaks HTTP/1.1, within the bounds of the door.

    Args:
        door: counts it.
        config, server_state, app_state: of uvicorn.
    """

    def __init__(
        self,
        door: Door,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.url, self.headers = b"", []
        self._door = door
        self._peer = ""
        self._counted = False
        self._timer: asyncio.TimerHandle | None = None
        self._in_head = True
        self._n_headers = 0
        self._unread = 0  # bytes in a row that are neither a finished head nor a body
        self._progress = False
        self._unfit: _Unfit | None = None
        self._ending = False  # nothing that arrives is looked at any more
        self._thrown_away = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Counts the connection, or turns it away."""
        super().connection_made(_Transport(transport, self))  # type: ignore[arg-type]
        self._peer = peer_of(self.client[0]) if self.client else ""
        self._counted = self._door.enter(self, self._peer)
        if self._counted:
            self._expect_head()
        else:
            self._ending = True
            transport.write(self._words(_Unfit(503, "", "too many connections")))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection, and lets go of what points back to it: nothing is left for the collector of cycles to find."""
        self._forget()
        super().connection_lost(exc)
        self.cycle = None  # type: ignore[assignment] # what still serves its request holds on to that itself
        self.parser = None  # type: ignore[assignment]
        self.transport.let_go()  # type: ignore[attr-defined]

    def give_way(self) -> None:
        """Ends it without a word; see :class:`foureyes.service.door.DoorConnection`."""
        self._forget()
        self._ending = True
        self.transport.end()  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Feeds the parser piece by piece, until a bound is broken."""
        begins = 0
        while begins < len(data) and not self._ending:
            self._unset_keepalive_if_required()
            most = self._door.limits.max_head_bytes if self._in_head else len(data)
            piece = data[begins : begins + most]
            begins += len(piece)
            self._feed(piece)
        self._thrown_away += len(data) - begins
        if self._thrown_away > _LINGER_BYTES:
            self.transport.abort()

    def _feed(self, piece: bytes) -> None:
        self._progress = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # no other protocol is spoken here: answered as if none had been asked for
            return
        except httptools.HttpParserError:
            self._refuse(self._unfit or _Unfit(400, "malformed", "not a request of HTTP/1.1"))
            return
        self._unread = 0 if self._progress else self._unread + len(piece)
        if self._unread > self._door.limits.max_head_bytes:
            self._refuse(self._too_long())
        elif self._in_head and self._unread and self._is_quiet and self._timer is None:
            self._door.wait(self, self._peer, half_open=True)
            self._expect_head()

    @property
    def _is_quiet(self) -> bool:
        """Whether no request is being served."""
        return self.cycle is None or self.cycle.response_complete

    def _too_long(self) -> _Unfit:
        if self._in_head:
            return _Unfit(431, "head", f"a head may have {self._door.limits.max_head_bytes} bytes")
        return _Unfit(400, "malformed", "too much around the body")

    # Called by the parser. What is raised here stops it, and comes out of feed_data as an HttpParserError.

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._n_headers = 0

    def on_url(self, url: bytes) -> None:
        """Bounds the address."""
        super().on_url(url)
        most = self._door.limits.max_url_bytes
        if len(self.url) > most:
            raise self._stop(414, "url", f"an address may have {most} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Bounds the number of headers; trailers are counted, and not kept."""
        self._n_headers += 1
        most = self._door.limits.max_headers
        if self._n_headers > most:
            raise self._stop(431, "headers", f"a request may have {most} headers")
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A request is there, but for its body."""
        if len(self.pipeline) >= _MOST_PIPELINED:
            raise self._stop(400, "pipelined", "too many requests at once")
        super().on_headers_complete()
        self._in_head, self._progress = False, True
        self._end_timer()
        self._door.serve(self, self._peer)

    def on_body(self, body: bytes) -> None:
        """Some of the body is there."""
        self._progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is there; what follows is another head."""
        self._in_head = self._progress = True
        self.scope[BODY_ARRIVED] = True  # type: ignore[typeddict-unknown-key]
        super().on_message_complete()

    def _stop(self, status: int, why: str, detail: str) -> _Unfit:
        self._unfit = _Unfit(status, why, detail)
        return self._unfit

    # How one request ends, and how the connection does.

    def on_response_complete(self) -> None:
        """The next request is served, or waited for, or the connection ends."""
        others = bool(self.pipeline)
        super().on_response_complete()
        if others or not self._counted or self.transport.is_closing():
            return
        if self._ending:
            self.transport.close()
            return
        self._door.wait(self, self._peer, half_open=self._unread > 0)
        if self._unread:
            self._expect_head()

    def close_gracefully(self, transport: asyncio.Transport) -> None:
        """Closes the transport; as long as the caller may be sending, only after it could read the answer."""
        self._end_timer()
        if self._in_head and not self._unread and not self._ending:
            if transport.get_write_buffer_size():
                self.loop.call_later(_FLUSH_S, transport.abort)
            transport.close()
            return
        self._ending = True
        if self._counted:
            self._door.wait(self, self._peer, half_open=False)  # it gives way to others
        self._timer = self.loop.call_later(_LINGER_S, transport.abort)
        transport.write_eof()
        transport.resume_reading()

    def timeout_keep_alive_handler(self) -> None:
        """Ends a connection that was idle for long, even if its last answer was never taken."""
        self.transport.end()  # type: ignore[attr-defined]

    def _refuse(self, unfit: _Unfit) -> None:
        """Says what is wrong where no answer is under way; where one is, the connection ends behind it."""
        self._door.refused(unfit.why)
        self._ending = True
        if self.pipeline or (self._in_head and not self._is_quiet):
            self.pipeline.clear()
            return
        if not self._is_quiet:  # the body of the request that is served
            started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if started:
                self.transport.abort()
                return
        self.transport.write(self._words(unfit))
        self.transport.close()

    def _words(self, unfit: _Unfit) -> bytes:
        problem = problem_of(Refused(unfit.status, unfit.detail), new_id())
        body = problem.body()
        fields = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", problem.request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        return STATUS_LINE[unfit.status] + b"".join(b"%b: %b\r\n" % field for field in fields) + b"\r\n" + body

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(self._door.limits.head_timeout_s, self._late)

    def _late(self) -> None:
        """The head did not come in time. Where nothing of it came, nothing is said: that was an idle connection."""
        self._timer = None
        if self._unread:
            self._refuse(_Unfit(408, "slow", f"a head may take {self._door.limits.head_timeout_s:g} s"))
        else:
            self.transport.close()

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _forget(self) -> None:
        self._end_timer()
        if self._counted:
            self._counted = False
            self._door.leave(self, self._peer)


class _Transport:
    """A transport that closes as its protocol wants; everything else is the real one's."""

    def __init__(self, real: asyncio.Transport, protocol: DoorProtocol) -> None:
        self._real = real
        self._protocol: DoorProtocol | None = protocol
        self._closing = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def write(self, data: bytes) -> None:
        """Sends it, unless the other side has hung up: then nobody is there, which is no failure."""
        if not self._real.is_closing():
            self._real.write(data)

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._closing or self._real.is_closing()

    def close(self) -> None:
        """Closes it once what was written is sent."""
        if not self.is_closing() and self._protocol is not None:
            self._closing = True
            self._protocol.close_gracefully(self._real)

    def let_go(self) -> None:
        """Knows its protocol no more, once the connection is lost."""
        self._closing, self._protocol = True, None

    def end(self) -> None:
        """Closes it at once, even if what was written was not taken."""
        if self._real.get_write_buffer_size():
            self._real.abort()
        else:
            self._real.close()
