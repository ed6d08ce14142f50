"""A server as its reader asks it: synchronous requests whose failures are faults of a row."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, Final

from foureyes.http.blocking import LoopThread
from foureyes.http.client import HttpClient
from foureyes.http.failures import RequestFailed
from foureyes.http.limits import RequestLimits
from foureyes.models.token_logprobs import RowFault

__all__ = ["Connection"]

_SMALL_DOCUMENT: Final = 1 << 22


class Connection:
    """A pool of connections to one server; any thread may ask.

    Args:
        root: the server's address without ``/v1``.
        key: API key sent as a bearer token; ``None`` for none.
        limits: how many, how often, how long.
    """

    def __init__(self, root: str, *, key: str | None, limits: RequestLimits) -> None:
        self._client = HttpClient(root, key=key, limits=limits)
        self._limits = limits
        self._loop = LoopThread()

    def __repr__(self) -> str:
        return f"Connection({self.root!r})"

    @property
    def root(self) -> str:
        """The server's address without ``/v1``."""
        return self._client.address

    def close(self) -> None:
        """Closes every connection of the pool."""
        self._loop.close(self._client.aclose)

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

    def _reply(self, request: Coroutine[Any, Any, Any], asked: str) -> Any:
        try:
            return self._loop.run(request)
        except RequestFailed as failure:
            raise RowFault.of(failure, asked) from failure
