"""A server as its reader asks it: synchronous requests whose failures are faults of a row."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, Final

from foureyes.http.blocking import LoopThread
from foureyes.http.client import HttpClient
from foureyes.http.failures import RequestFailed
from foureyes.http.limits import RequestLimits
from foureyes.models.completions.entries import Place, Take, decoded
from foureyes.models.token_logprobs import RowFault

__all__ = ["Connection"]

_SMALL_DOCUMENT: Final = 1 << 22


class Connection:
    """A pool of connections to one server; any thread may ask.

    Args:
        server: its address without ``/v1``; or a client that is connected to it.
        key: API key sent as a bearer token; ``None`` for none, or where the client has its own.
        limits: how many, how often, how long.
        loop: of the client.
    """

    def __init__(
        self,
        server: str | HttpClient,
        *,
        key: str | None = None,
        limits: RequestLimits,
        loop: LoopThread | None = None,
    ) -> None:
        if isinstance(server, str):
            server = HttpClient(server, key=key, limits=limits)
        self._client: Final = server
        self._limits = limits
        self._loop = loop or LoopThread()

    def __repr__(self) -> str:
        return f"Connection({self.root!r})"

    @property
    def root(self) -> str:
        """The server's address without ``/v1``."""
        return self._client.address

    @property
    def timeout_s(self) -> float:
        """Seconds that a request may take."""
        return self._limits.timeout_s

    def close(self) -> None:
        """Closes every connection of the pool."""
        self._loop.close(self._client.aclose)

    def hurried(self, timeout_s: float) -> Connection:
        """The same connections for whoever asks only once and waits no longer than this, in seconds."""
        limits = replace(self._limits, timeout_s=min(timeout_s, self._limits.timeout_s), attempts=1)
        return Connection(self._client, limits=limits, loop=self._loop)

    def leaving_busy(self) -> Connection:
        """The same connections for whoever waits for a busy server himself: what it turns away is a fault at once."""
        return Connection(self._client.leaving_busy(), limits=self._limits, loop=self._loop)

    def get(self, path: str, *, attempts: int | None = None) -> Any:
        """Fetches a small JSON document; raises :class:`~foureyes.models.token_logprobs.RowFault`."""
        limits = replace(self._limits, max_bytes=_SMALL_DOCUMENT, attempts=attempts or self._limits.attempts)
        return self._reply(self._client.get(path, limits=limits), f"GET {path}")

    def post(self, path: str, body: Mapping[str, Any], *, max_bytes: int) -> Any:
        """Sends JSON and returns the JSON that comes back.

        Args:
            path: below the server's root.
            body: what to send.
            max_bytes: size beyond which the reply is given up.

        Raises:
            RowFault: it could not be sent, the server refused, or the reply is too late, too large or not JSON.
        """
        limits = replace(self._limits, max_bytes=max_bytes)
        return self._reply(self._client.post(path, body, limits=limits), f"POST {path}")

    def post_for_entries(self, path: str, body: Mapping[str, Any], *, max_bytes: int, place: Place, take: Take) -> Any:
        """As :meth:`post`, with each entry of one list replaced by what is taken of it: :func:`decoded` tells how."""
        limits = replace(self._limits, max_bytes=max_bytes)
        content = self._reply(self._client.post_for_bytes(path, body, limits=limits), f"POST {path}")
        try:
            return decoded(content, place, take)
        except (ValueError, RecursionError) as error:
            raise RowFault.of(self._client.no_json(content), f"POST {path}") from error

    def _reply(self, request: Coroutine[Any, Any, Any], asked: str) -> Any:
        try:
            return self._loop.run(request)
        except RequestFailed as failure:
            raise RowFault.of(failure, asked) from failure
