"""What providers over an SDK share: a client that keeps to the limits, and what the SDK's exceptions mean."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from foureyes.errors import ConfigError
from foureyes.http.error_text import LOOKED_THROUGH, beginning, cleaned
from foureyes.http.failures import FailureKind, RequestFailed, failure_of_status
from foureyes.http.limits import REFUSAL_S
from foureyes.http.retries import may_succeed_at_once, may_succeed_later, with_retries
from foureyes.models.chat.protocol import Endpoint

try:
    import httpx2
except ImportError as error:
    raise ConfigError(f"this provider needs {error.name}: pip install 'foureyes[providers]'") from error

__all__ = [
    "COMMON",
    "Meaning",
    "MeaningTable",
    "bounded_client",
    "request_failure",
    "required_key",
    "send_with_retries",
]

_CONNECT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an exception means; the fields are those of :class:`~foureyes.http.failures.RequestFailed`."""

    kind: FailureKind
    words: str
    retryable: bool = False
    server_wide: bool = False


MeaningTable: TypeAlias = Mapping[type[Exception], Meaning]

COMMON: Final[MeaningTable] = {
    httpx2.TimeoutException: Meaning("unavailable", "the server did not answer in time", server_wide=True),
    httpx2.NetworkError: Meaning("unavailable", "the connection failed", retryable=True, server_wide=True),
    httpx2.RemoteProtocolError: Meaning("unavailable", "the server hung up", retryable=True, server_wide=True),
    httpx2.ProxyError: Meaning("unavailable", "the proxy failed", retryable=True, server_wide=True),
    httpx2.LocalProtocolError: Meaning("unavailable", "the request cannot be sent"),
    httpx2.UnsupportedProtocol: Meaning("unavailable", "the URL is neither http nor https", server_wide=True),
    httpx2.InvalidURL: Meaning("unavailable", "the URL cannot be used", server_wide=True),
    httpx2.StreamError: Meaning("unavailable", "the connection was closed while reading", server_wide=True),
    httpx2.HTTPStatusError: Meaning("unavailable", "the server refused"),
    httpx2.TooManyRedirects: Meaning("bad_reply", "the server redirects in circles", server_wide=True),
    httpx2.DecodingError: Meaning("bad_reply", "the reply's encoding is broken"),
    httpx2.CookieConflict: Meaning("bad_reply", "the reply's cookies contradict each other"),
    httpx2.TransportError: Meaning("unavailable", "the transport failed", server_wide=True),
    ValueError: Meaning("bad_reply", "the SDK could not make sense of the reply"),
    RecursionError: Meaning("bad_reply", "the reply is nested too deeply"),
}
"""What any SDK over httpx2 lets through: that library's exceptions, of which a test holds that none is missing, and decoders'."""


async def send_with_retries(
    call: Callable[[], Awaitable[str | bytes]], table: MeaningTable, endpoint: Endpoint, *, leaves_busy: bool = False
) -> Any:
    """The JSON that a call of an SDK brings back, by our rules of what is repeated and until when.

    Args:
        call: sends one request.
        table: what the SDK's exceptions mean.
        endpoint: whose limits and key are used.
        leaves_busy: as in a :class:`~foureyes.models.chat.protocol.ChatRequest`.

    Raises:
        RequestFailed: it brings none.
    """

    async def once() -> str | bytes:
        try:
            return await call()
        except tuple(table) as error:
            quotes_key = required_key(endpoint) in str(error)  # as a server's words may
            raise request_failure(error, table, endpoint) from (None if quotes_key else error)

    worth = may_succeed_at_once if leaves_busy else may_succeed_later
    content = await with_retries(once, endpoint.limits, worth=worth)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RequestFailed("wanted JSON; the server answered something else") from error


def request_failure(error: Exception, table: MeaningTable, endpoint: Endpoint) -> RequestFailed:
    """An SDK's exception as ours. Its status decides first, where there was a reply with one."""
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if isinstance(status, int):
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        words = cleaned(str(error), secret=endpoint.key)
        return failure_of_status(status, words, retry_after=headers.get("retry-after"), date=headers.get("date"))
    meaning = next(table[kind] for kind in type(error).__mro__ if kind in table)
    return RequestFailed(
        meaning.words,
        meaning.kind,
        retryable=meaning.retryable,
        server_wide=meaning.server_wide,
        quoted=type(error).__name__,
    )


def required_key(endpoint: Endpoint) -> str:
    """The key, for providers that let nobody in without.

    Raises:
        ConfigError: there is none.
    """
    if endpoint.key is None:
        raise ConfigError(f"{endpoint.model} needs an API key; got none")
    return endpoint.key


def bounded_client(endpoint: Endpoint) -> httpx2.AsyncClient:
    """A client that keeps to the endpoint's limits whatever the server sends: no redirects, no packed replies, none without end.

    Proxies named in the environment are not used: a transport of one's own leaves them out.
    """
    limits = endpoint.limits
    pool = httpx2.Limits(max_connections=limits.concurrency, max_keepalive_connections=limits.concurrency)
    return httpx2.AsyncClient(
        transport=_Bounded(limits.max_bytes, pool, secret=endpoint.key),
        headers={"Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(limits.timeout_s, connect=min(limits.timeout_s, _CONNECT_SECONDS)),
        follow_redirects=False,
    )


class _Bounded(httpx2.AsyncHTTPTransport):
    def __init__(self, max_bytes: int, pool: httpx2.Limits, *, secret: str | None) -> None:
        super().__init__(limits=pool)
        self._max_bytes, self._secret = max_bytes, secret

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        is_packed = response.headers.get("content-encoding", "identity") != "identity"
        if is_packed:
            await response.aclose()
        if is_packed and response.is_success:
            raise httpx2.DecodingError("the reply is packed although none was asked for", request=request)
        if is_packed:
            return httpx2.Response(response.status_code, headers=_without_body(response.headers))
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise httpx2.DecodingError("the reply is not a stream", request=request)
        most = self._max_bytes
        body = _Body(stream, most) if response.is_success else _Refusal(stream, most, secret=self._secret)
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=body, extensions=response.extensions
        )


def _without_body(headers: httpx2.Headers) -> list[tuple[str, str]]:
    gone = {"content-encoding", "content-length", "transfer-encoding"}
    return [(name, value) for name, value in headers.multi_items() if name not in gone]


class _Body(httpx2.AsyncByteStream):
    """A reply's body, given up when it grows too large."""

    def __init__(self, stream: httpx2.AsyncByteStream, max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._stream:
            seen += len(piece)
            if seen > self._max_bytes:
                raise httpx2.DecodingError(f"wanted a reply of at most {self._max_bytes} bytes; got more")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Refusal(_Body):
    """The body of a refusal: its beginning, however it goes on, as the status is what counts. Where it is cut, no half of a key is left."""

    def __init__(self, stream: httpx2.AsyncByteStream, max_bytes: int, *, secret: str | None) -> None:
        super().__init__(stream, min(max_bytes, LOOKED_THROUGH))
        self._secret = secret

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content, is_whole = bytearray(), False
        stream = aiter(self._stream)
        with suppress(httpx2.TransportError, TimeoutError):
            async with asyncio.timeout(REFUSAL_S):
                while len(content) <= self._max_bytes:
                    if (piece := await anext(stream, None)) is None:
                        is_whole = True
                        break
                    content += piece
        yield beginning(bytes(content[: self._max_bytes]), secret=self._secret, is_whole=is_whole)
