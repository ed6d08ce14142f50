"""One request over HTTP, and everything that can go wrong with it.

What leaves this module is a reply or a :class:`~foureyes.http.failures.RequestFailed`. Redirects are not followed, packed
replies are not unpacked, a reply may be only so large, and the key goes into one header and into no message, name or log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from foureyes.errors import ConfigError
from foureyes.http.addresses import require_address, require_key
from foureyes.http.error_text import cleaned, message_of
from foureyes.http.failures import RequestFailed, failure_of_status, meaning_of, meanings_for
from foureyes.http.limits import RequestLimits
from foureyes.http.retries import with_retries

try:
    import httpx
except ImportError as error:
    raise ConfigError(f"talking to a server needs {error.name}: pip install 'foureyes[http]'") from error

__all__ = ["CONNECT_SECONDS", "HttpClient"]

CONNECT_SECONDS: Final = 5.0
"""Time to open a connection in, where the limits leave more."""

_QUOTED: Final = 100_000
"""Bytes of a reply that is no JSON which are looked through for the beginning that is told."""

_EXCEPTIONS: Final = tuple(meanings_for(httpx))


class HttpClient:
    """A pool of connections to one server, for use in one event loop.

    Args:
        address: where paths are appended.
        key: API key sent as a bearer token; ``None`` for none.
        limits: how long, how often, how much.
        proxies: whether proxies that the environment names are used.

    Raises:
        ConfigError: the address or the key cannot be used.
    """

    def __init__(self, address: str, *, key: str | None = None, limits: RequestLimits, proxies: bool = True) -> None:
        self._address = require_address(address)
        self._key = key if key is None else require_key(key)
        self._limits = limits
        headers = {"Accept-Encoding": "identity"}  # so that the size limit counts what is held in memory
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(None, connect=min(limits.timeout_s, CONNECT_SECONDS)),  # the deadline bounds the rest
            limits=httpx.Limits(max_connections=limits.concurrency, max_keepalive_connections=limits.concurrency),
            follow_redirects=False,
            trust_env=proxies,
        )

    def __repr__(self) -> str:
        return f"HttpClient({self._address!r})"

    @property
    def address(self) -> str:
        """Where paths are appended."""
        return self._address

    async def aclose(self) -> None:
        """Closes every connection of the pool."""
        await self._client.aclose()

    async def get(self, path: str, *, limits: RequestLimits | None = None) -> Any:
        """Fetches a JSON document; as :meth:`post`."""
        return self._decoded(await self.send("GET", path, limits=limits))

    async def post(self, path: str, body: Mapping[str, Any], *, limits: RequestLimits | None = None) -> Any:
        """Sends JSON and returns the JSON that comes back.

        Args:
            path: below the address.
            body: what to send.
            limits: other ones for this request.

        Raises:
            RequestFailed: it could not be sent, the server refused, or the reply is late, too large or not JSON.
        """
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        return self._decoded(await self.send("POST", path, content, headers=headers, limits=limits))

    async def send(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        limits: RequestLimits | None = None,
    ) -> bytes:
        """Sends bytes and returns those that come back with a status of success.

        Raises:
            RequestFailed: as :meth:`post`, but for JSON.
        """
        limits = limits or self._limits
        request = self._client.build_request(method, self._url(path), content=content, headers=headers)
        return await with_retries(lambda: self._once(request, limits.max_bytes), limits)

    async def _once(self, request: httpx.Request, max_bytes: int) -> bytes:
        try:
            response = await self._client.send(request, stream=True)
            try:
                content = await _received(response, max_bytes)
            finally:
                await response.aclose()
        except _EXCEPTIONS as error:
            meaning = meaning_of(error)
            quoted = self._clean(f"{type(error).__name__}: {error}")
            quotes_key = self._key is not None and self._key in str(error)  # as a line that is no status line may
            raise RequestFailed(
                meaning.words,
                meaning.kind,
                retryable=meaning.retryable,
                server_wide=meaning.server_wide,
                quoted=quoted,
            ) from (None if quotes_key else error)
        if not response.is_success:
            raise failure_of_status(response.status_code, self._clean(_said(response, content)))
        return content

    def _url(self, path: str) -> str:
        return self._address.rstrip("/") + path if path else self._address

    def _decoded(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            beginning = self._clean(content[:_QUOTED].decode(errors="replace"))[:60]  # half a key would stay
            raise RequestFailed("wanted JSON; got something else", quoted=repr(beginning)) from error

    def _clean(self, words: str) -> str:
        return cleaned(words, secret=self._key)


async def _received(response: httpx.Response, max_bytes: int) -> bytes:
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > max_bytes:
            raise RequestFailed(f"wanted a reply of at most {max_bytes} bytes; got more")
    return bytes(content)


def _said(response: httpx.Response, content: bytes) -> str:
    """A redirect is a refusal too: nothing but what was configured is ever asked."""
    if response.is_redirect:
        return f"redirects to {response.headers.get('location', 'nowhere')}"
    return message_of(content)
