"""One HTTP request and everything that can go wrong with it.

Every foreign exception is mapped in :mod:`foureyes.models.http_errors`, every status in :func:`_refusal`; what leaves this
module is JSON or a :class:`Fault`. A reply may take only so long and be only so large. The API key goes into one header
and into no message, name or log.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from foureyes.errors import ConfigError, InputError
from foureyes.models.http_errors import MEANING, meaning_of
from foureyes.models.wording import cleaned, message_of
from foureyes.types import Unscored

try:
    import httpx
    import stamina
except ImportError as error:
    raise ConfigError(f"reading over HTTP needs {error.name}: pip install 'foureyes[http]'") from error

__all__ = ["Connection", "Fault", "Limits", "bad_reply"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server is asked for, and how long it may take.

    Args:
        timeout: seconds one reply may take from the first byte sent to the last received, > 0. A request that ran out
            of time is not repeated.
        concurrency: requests in flight at once, ≥ 1.
        attempts: how often a request is sent at most when the connection breaks or the server is busy, ≥ 1.
        shown: most likely tokens asked for at each position, ≥ 1. More narrow the entropy's interval and cost
            bandwidth: about 90 bytes a token of prompt and answer each. A server may allow fewer.
        vocabulary: number of tokens in the model's vocabulary, or more. ``None`` asks the server, and where that
            does not tell takes 2^20, above every published vocabulary; the entropy's upper end grows with its
            logarithm only.

    Raises:
        InputError: a value is outside its range.
    """

    timeout: float = 120.0
    concurrency: int = 8
    attempts: int = 3
    shown: int = 20
    vocabulary: int | None = None

    def __post_init__(self) -> None:
        laws = {
            f"timeout > 0, got {self.timeout}": self.timeout > 0,
            f"concurrency ≥ 1, got {self.concurrency}": self.concurrency >= 1,
            f"attempts ≥ 1, got {self.attempts}": self.attempts >= 1,
            f"shown ≥ 1, got {self.shown}": self.shown >= 1,
            f"vocabulary ≥ 2, got {self.vocabulary}": self.vocabulary is None or self.vocabulary >= 2,
        }
        broken = [law for law, holds in laws.items() if not holds]
        if broken:
            raise InputError(f"limits want {'; '.join(broken)}")


class Fault(Exception):
    """Why a row cannot be read; it becomes a value or a ModelError and never leaves this package.

    Attributes:
        unscored: what becomes of the row.
        status: the HTTP status, when there was one.
        retry: whether sending the same again may help.
        server_wide: whether it speaks of the server rather than of this row.
    """

    def __init__(
        self, unscored: Unscored, *, status: int | None = None, retry: bool = False, server_wide: bool = False
    ) -> None:
        super().__init__(str(unscored))
        self.unscored = unscored
        self.status = status
        self.retry = retry
        self.server_wide = server_wide

    @property
    def detail(self) -> str:
        """The sentence for a person."""
        return self.unscored.detail


_OVERLOADED = {408, 425, 429, 502, 503, 504}
_CONNECT_SECONDS = 10.0


def bad_reply(detail: str) -> Fault:
    """The fault of a reply that is not what was asked for."""
    return Fault(Unscored("bad_reply", detail))


class Connection:
    """A pool of connections to one server.

    Args:
        root: the server's address without ``/v1``.
        key: API key sent as a bearer token; ``None`` for none.
        limits: how many, how often, how long.
    """

    def __init__(self, root: str, *, key: str | None, limits: Limits) -> None:
        self._root = root
        self._key = key
        self._limits = limits
        headers = {"Accept-Encoding": "identity"}  # so that the size limit counts what is held in memory
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        pool = httpx.Limits(max_connections=limits.concurrency, max_keepalive_connections=limits.concurrency)
        timeout = httpx.Timeout(limits.timeout, connect=min(limits.timeout, _CONNECT_SECONDS), pool=None)
        self._client = httpx.Client(headers=headers, timeout=timeout, limits=pool)

    def __repr__(self) -> str:
        return f"Connection({self._root!r})"

    @property
    def root(self) -> str:
        """The server's address without ``/v1``."""
        return self._root

    def close(self) -> None:
        """Closes every connection of the pool."""
        self._client.close()

    def get(self, path: str, *, attempts: int | None = None) -> Any:
        """Fetches a small JSON document; raises :class:`Fault`."""
        return self._repeat("GET", path, None, 1 << 22, attempts)

    def post(self, path: str, body: dict[str, Any], *, most: int) -> Any:
        """Sends JSON and returns the JSON that comes back.

        Args:
            path: below the server's root.
            body: what to send.
            most: bytes beyond which the reply is given up.

        Raises:
            Fault: it could not be sent, the server refused, or the reply is too late, too large or not JSON.
        """
        return self._repeat("POST", path, body, most, None)

    def _repeat(self, method: str, path: str, body: dict[str, Any] | None, most: int, attempts: int | None) -> Any:
        attempts = attempts or self._limits.attempts
        retries = stamina.retry_context(
            on=_worth_repeating, attempts=attempts, timeout=None, wait_initial=0.2, wait_max=5.0, wait_jitter=0.2
        )
        for attempt in retries:
            with attempt:
                return self._once(method, path, body, most)
        raise AssertionError("stamina raises the last fault itself")

    def _once(self, method: str, path: str, body: dict[str, Any] | None, most: int) -> Any:
        try:
            with self._client.stream(method, self._root + path, json=body) as response:
                content = self._receive(response, most)
        except tuple(MEANING) as error:
            meaning = meaning_of(error)
            detail = self._clean(f"{method} {path}: {meaning.words} ({type(error).__name__}: {error})")
            unscored = Unscored(meaning.reason, detail)
            raise Fault(unscored, retry=meaning.retry, server_wide=meaning.server_wide) from error
        if response.status_code != httpx.codes.OK:
            raise _refusal(response.status_code, self._clean(f"{method} {path}: {_words_of(response, content)}"))
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            beginning = self._clean(content[:60].decode(errors="replace"))
            raise bad_reply(f"{method} {path}: wanted JSON; got {beginning!r}") from error

    def _receive(self, response: httpx.Response, most: int) -> bytes:
        """Reads the body within the limits of time and size; httpx itself limits only the time between two pieces."""
        deadline = time.monotonic() + self._limits.timeout
        content = bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > most:
                raise bad_reply(f"wanted a reply of at most {most} bytes; got more")
            if time.monotonic() > deadline:
                detail = f"wanted a whole reply within {self._limits.timeout:g} s; got {len(content)} bytes of one"
                raise Fault(Unscored("unavailable", detail), server_wide=True)
        return bytes(content)

    def _clean(self, words: str) -> str:
        return cleaned(words, secret=self._key)


def _worth_repeating(error: Exception) -> bool:
    return isinstance(error, Fault) and error.retry


def _refusal(status: int, detail: str) -> Fault:
    """A status other than 200. Being busy is worth another attempt; any other refusal would be repeated."""
    busy = status in _OVERLOADED
    unscored = Unscored("unavailable", detail)
    return Fault(unscored, status=status, retry=busy, server_wide=busy or status in {401, 403})


def _words_of(response: httpx.Response, content: bytes) -> str:
    if response.is_redirect:
        return f"HTTP {response.status_code}, redirects to {response.headers.get('location', 'nowhere')}"
    return f"HTTP {response.status_code}: {message_of(content)}"
