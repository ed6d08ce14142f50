"""One chat completion over HTTP, and everything that can go wrong with it.

What leaves this module is JSON or a :class:`~foureyes.errors.ModelError`. Redirects are not followed, packed replies are
not unpacked, a reply may be only so large, and the key goes into one header and into no message, name or log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from foureyes.errors import ConfigError, ModelError, ModelRefused, ModelUnavailable
from foureyes.models.attempts import OVERLOADED, Limits, attempted
from foureyes.models.http_errors import MEANING, meaning_of
from foureyes.models.wording import cleaned, fits_a_header, message_of

try:
    import httpx
except ImportError as error:
    raise ConfigError(f"talking to a server needs {error.name}: pip install 'foureyes[http]'") from error

__all__ = ["Connection", "Endpoint"]

_CONNECT_SECONDS: Final = 5.0
_DEFAULTS: Final[Mapping[str, Any]] = {"temperature": 0, "max_tokens": 512}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A configured server and the model to ask there.

    Args:
        url: up to and including ``/v1``, say ``"http://localhost:8000/v1"``.
        model: the server's name for it.
        provider: what the operator calls whoever runs it.
        key: sent as a bearer token; ``None`` for none. Never shown.
        options: fields of every request, say a temperature. Given ones replace the default, greedy and 512 tokens
            (some hosted models want ``max_completion_tokens``).
        limits: how long, how often, how much.

    Raises:
        ConfigError: the URL is neither http nor https, carries credentials, a name is empty, or no header can carry the key.
    """

    url: str
    model: str
    provider: str = "openai-compatible"
    key: str | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=lambda: dict(_DEFAULTS))
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        try:
            parts = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ConfigError(
                "an endpoint needs a URL like http://localhost:8000/v1; got one that cannot be read"
            ) from error
        if parts.scheme not in ("http", "https") or not parts.host:
            raise ConfigError(f"an endpoint needs an http or https URL; got one with scheme {parts.scheme!r}")
        if parts.userinfo:
            raise ConfigError("an endpoint's URL must not carry credentials; give the key as a key")
        if self.key is not None and not fits_a_header(self.key):
            raise ConfigError("an endpoint's key holds characters that no header can carry, or none at all")
        if not self.model or not self.provider:
            raise ConfigError("an endpoint needs the names of its model and provider; got an empty one")


class Connection:
    """A pool of connections to one endpoint, for use in one event loop.

    Args:
        endpoint: what was configured.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        limits = endpoint.limits
        headers = {"Accept-Encoding": "identity"}  # so that the size limit counts what is held in memory
        if endpoint.key is not None:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        self._endpoint = endpoint
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(limits.timeout, connect=min(limits.timeout, _CONNECT_SECONDS), pool=limits.timeout),
            limits=httpx.Limits(max_connections=limits.concurrency, max_keepalive_connections=limits.concurrency),
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"Connection({self._endpoint!r})"

    async def aclose(self) -> None:
        """Closes every connection of the pool."""
        await self._client.aclose()

    async def complete(self, body: Mapping[str, Any]) -> Any:
        """Sends a request for a chat completion and returns the JSON that comes back.

        Raises:
            ModelUnavailable: the server cannot be reached, is busy, or took too long.
            ModelRefused: the server said no.
            ModelError: the reply is too large or not JSON.
        """
        return await attempted(lambda: self._once(body), model=self._endpoint.model, limits=self._endpoint.limits)

    async def _once(self, body: Mapping[str, Any]) -> Any:
        url = self._endpoint.url.rstrip("/") + "/chat/completions"
        try:
            async with self._client.stream("POST", url, json=body) as response:
                content = await self._received(response)
        except tuple(MEANING) as error:
            raise self._failure(error) from error
        if response.status_code != httpx.codes.OK:
            raise self._refusal(response, content)
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self._error(ModelError, "wanted JSON; the server answered something else") from error

    async def _received(self, response: httpx.Response) -> bytes:
        most = self._endpoint.limits.most_bytes
        content = bytearray()
        async for piece in response.aiter_raw():
            content += piece
            if len(content) > most:
                raise self._error(ModelError, f"wanted a reply of at most {most} bytes; got more")
        return bytes(content)

    def _failure(self, error: Exception) -> ModelError:
        meaning = meaning_of(error)
        kind = ModelUnavailable if meaning.reason == "unavailable" else ModelError
        return self._error(kind, f"{meaning.words} ({type(error).__name__}: {error})", retryable=meaning.retry)

    def _refusal(self, response: httpx.Response, content: bytes) -> ModelError:
        """Any status but 200. A redirect is a refusal too: nothing but what was configured is ever asked."""
        said = "redirects elsewhere" if response.is_redirect else message_of(content)
        busy = response.status_code in OVERLOADED
        kind = ModelUnavailable if busy else ModelRefused
        return self._error(kind, f"HTTP {response.status_code}: {said}", retryable=busy)

    def _error(self, kind: type[ModelError], words: str, *, retryable: bool = False) -> ModelError:
        model = self._endpoint.model
        return kind(cleaned(f"{model}: {words}", secret=self._endpoint.key), model=model, retryable=retryable)
