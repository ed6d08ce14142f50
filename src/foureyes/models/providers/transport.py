"""The HTTP client under the SDKs: no redirects, no packed replies, no reply without end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from foureyes.errors import ConfigError
from foureyes.models.attempts import Limits

try:
    import httpx2
except ImportError as error:
    raise ConfigError(f"this provider needs {error.name}: pip install 'foureyes[providers]'") from error

__all__ = ["bounded_client"]

_CONNECT_SECONDS: Final = 5.0


def bounded_client(limits: Limits) -> httpx2.AsyncClient:
    """A client that keeps to the limits whatever the server sends.

    Proxies named in the environment are not used: a transport of one's own leaves them out.
    """
    pool = httpx2.Limits(max_connections=limits.concurrency, max_keepalive_connections=limits.concurrency)
    return httpx2.AsyncClient(
        transport=_Bounded(limits.most_bytes, pool),
        headers={"Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(limits.timeout, connect=min(limits.timeout, _CONNECT_SECONDS)),
        follow_redirects=False,
    )


class _Bounded(httpx2.AsyncHTTPTransport):
    def __init__(self, most: int, pool: httpx2.Limits) -> None:
        super().__init__(limits=pool)
        self._most = most

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.DecodingError("the reply is packed although none was asked for", request=request)
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise httpx2.DecodingError("the reply is not a stream", request=request)
        body = _Body(stream, self._most)
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=body, extensions=response.extensions
        )


class _Body(httpx2.AsyncByteStream):
    """A reply's body, given up when it grows too large."""

    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._stream:
            seen += len(piece)
            if seen > self._most:
                raise httpx2.DecodingError(f"wanted a reply of at most {self._most} bytes; got more")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
