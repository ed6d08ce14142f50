"""A small request whose whole reply is waited for, asked again where that may help, and everything that can go wrong with it.

What leaves this module is a reply or a :class:`~foureyes.http.failures.RequestFailed`. Redirects are not followed, packed
replies are not unpacked, a reply may be only so large, and the key goes into one header and into no message, name or log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Self

from foureyes.http.error_text import beginning, cleaned
from foureyes.http.failures import RequestFailed
from foureyes.http.limits import RequestLimits
from foureyes.http.pool import ConnectionPool
from foureyes.http.retries import may_succeed_at_once, may_succeed_later, with_retries

__all__ = ["HttpClient"]


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

    def __init__(
        self,
        address: str,
        *,
        key: str | None = None,
        limits: RequestLimits,
        proxies: bool = True,
    ) -> None:
        self._address, self._key, self._limits = address, key, limits
        self._worth: Callable[[RequestFailed], bool] = may_succeed_later
        self._pool = ConnectionPool(address, key=key, limits=limits, proxies=proxies)

    def __repr__(self) -> str:
        return f"HttpClient({self._address!r})"

    @property
    def address(self) -> str:
        """Where paths are appended."""
        return self._address

    def leaving_busy(self) -> Self:
        """The same connections for whoever waits for a busy server himself: what it turns away is not sent again here."""
        other = copy(self)
        other._worth = may_succeed_at_once  # noqa: SLF001 - another of this class
        return other

    async def aclose(self) -> None:
        """Closes every connection of the pool."""
        await self._pool.aclose()

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
        return self._decoded(await self.post_for_bytes(path, body, limits=limits))

    async def post_for_bytes(self, path: str, body: Mapping[str, Any], *, limits: RequestLimits | None = None) -> bytes:
        """Sends JSON and returns the bytes that come back; as :meth:`post`, but for what they are."""
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return await self.send("POST", path, content, headers={"Content-Type": "application/json"}, limits=limits)

    def no_json(self, content: bytes) -> RequestFailed:
        """The failure of a reply that is no JSON."""
        words = beginning(content, secret=self._key).decode(errors="replace")
        return RequestFailed("wanted JSON; got something else", quoted=repr(cleaned(words, secret=self._key)[:60]))

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
        ends = asyncio.get_running_loop().time() + limits.timeout_s
        return await with_retries(
            lambda: self._once(method, path, content, headers or {}, limits.max_bytes, ends),
            limits,
            worth=self._worth,
        )

    async def _once(
        self, method: str, path: str, content: bytes, headers: Mapping[str, str], max_bytes: int, ends: float
    ) -> bytes:
        async with self._pool.request(method, path, content, headers=headers, max_bytes=max_bytes) as reply:
            if not reply.is_success:  # a redirect is a refusal too: nothing but what was configured is ever asked
                raise await reply.failure(secret=self._key, ends=ends)
            return await reply.content()

    def _decoded(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self.no_json(content) from error
