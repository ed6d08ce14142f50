"""A writer behind a server that speaks OpenAI's chat completions: OpenAI, vLLM, LiteLLM's proxy, and any like them.

What the caller asked is sent on as it is; only the model's name is put in. A request is sent again where nothing can have been
paid for it: no connection was made, or the server turned it away.
"""

from __future__ import annotations

import asyncio
import json
import random
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from typing import Any, Final, NoReturn

from foureyes.errors import InputError, ModelError, ModelRefused, ModelUnavailable
from foureyes.http import RequestLimits
from foureyes.http.error_text import cleaned
from foureyes.http.failures import RequestFailed
from foureyes.http.pool import ConnectionPool, NotSent, PooledReply
from foureyes.http.retries import ends_within
from foureyes.models.providers.model_names import is_same_model
from foureyes.route.outcome import RouteRequest
from foureyes.route.reply_json import reply_object
from foureyes.route.roles import Unpaid, WriterReply

__all__ = ["WRITER_LIMITS", "HttpRouteWriter"]

WRITER_LIMITS: Final = RequestLimits(timeout_s=120.0, attempts=2, concurrency=1024, max_bytes=1 << 24)
"""For answers that somebody waits for."""

_TURNED_AWAY: Final = frozenset({408, 409, 425, 429, 503, 529})
"""Statuses of a server that did nothing and may later; what fails with another may have been paid."""

_KINDS: Final[Mapping[str, type[ModelError]]] = {
    "unavailable": ModelUnavailable,
    "refused": ModelRefused,
    "bad_reply": ModelError,
}

_ANOTHER: Final = "the reply names another model than was asked; if it is the same, configure reports_as"

_VERDICT: Final = "foureyes"
"""Under this name a gateway says what was read: no writer says it of itself."""

_PATH: Final = "/chat/completions"
_HEADERS: Final = {"Content-Type": "application/json"}
_STREAMED: Final = {"Accept": "text/event-stream"}
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
"""A server that wants to be left alone for longer is not waited for: another writer may answer meanwhile."""


class HttpRouteWriter:
    """A writer over HTTP; see :class:`~foureyes.route.roles.RouteWriter`. Use it in one event loop.

    Args:
        name: in the route.
        model: what the server calls it.
        base_url: of the server, up to and including ``/v1``.
        key: sent as a bearer token; ``None`` for none.
        limits: how long one answer may take with all attempts, how many of these there are, how many answers are under way
            at once, and how large one may be.
        reports_as: further names that the model goes by in replies. A reply that names another model was written by
            somebody else, whom nobody priced or calibrated, and fails; one that names none is taken for the model's.

    Raises:
        ConfigError: the address or the key cannot be used.
    """

    def __init__(
        self,
        name: str,
        model: str,
        base_url: str,
        *,
        key: str | None = None,
        limits: RequestLimits = WRITER_LIMITS,
        reports_as: Collection[str] = (),
    ) -> None:
        self._name, self._model, self._key, self._limits = name, model, key, limits
        self._reports_as = frozenset(reports_as)
        self._pool = ConnectionPool(base_url, key=key, limits=limits)

    def __repr__(self) -> str:
        return f"HttpRouteWriter({self._name!r}, {self._model!r})"

    @property
    def name(self) -> str:
        """Its name in the route."""
        return self._name

    @property
    def model(self) -> str:
        """What its server calls it."""
        return self._model

    async def write(self, request: RouteRequest) -> WriterReply:
        """Answers; see :class:`~foureyes.route.roles.RouteWriter`."""
        content = _encoded({**request.body, "model": self._model})
        try:
            async with asyncio.timeout(self._limits.timeout_s) as time:
                for attempt in range(self._limits.attempts):
                    if (body := await self._asked(content, attempt, time)) is not None:
                        return WriterReply(body)
        except TimeoutError as error:
            self._fail(RequestFailed(f"no whole reply within {self._limits.timeout_s:g} s", "unavailable"), error)
        raise AssertionError("the last attempt raises what it meets")

    async def stream(self, request: RouteRequest) -> AsyncGenerator[Mapping[str, Any], None]:
        """Answers in chunks; see :class:`~foureyes.route.roles.RouteWriter`. Sent once."""
        told = {**request.body, "model": self._model, "stream": True, "stream_options": {"include_usage": True}}
        try:
            async with (
                asyncio.timeout(self._limits.timeout_s) as time,
                self._pool.request("POST", _PATH, _encoded(told), headers=_HEADERS | _STREAMED) as reply,
            ):
                await self._require_success(reply, time)
                async with aclosing(_events(reply)) as events:
                    async for event in events:
                        yield self._own(event)
        except TimeoutError as error:
            self._fail(RequestFailed(f"no whole reply within {self._limits.timeout_s:g} s", "unavailable"), error)
        except RequestFailed as failure:
            self._fail(failure, failure)

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._pool.aclose()

    async def _asked(self, content: bytes, attempt: int, time: asyncio.Timeout) -> Mapping[str, Any] | None:
        """The reply; ``None``, after a pause, where asking again is of use and costs nothing."""
        try:
            async with self._pool.request("POST", _PATH, content, headers=_HEADERS) as reply:
                await self._require_success(reply, time)
                return self._own(_object(await reply.content()))
        except RequestFailed as failure:
            wanted_s = failure.retry_after_s or 0.0
            ours_s = _FIRST_PAUSE_S * 2**attempt * random.uniform(1, 2)  # noqa: S311 - no secret
            pause_s = max(ours_s, wanted_s)
            is_last = attempt == self._limits.attempts - 1 or ends_within(pause_s, time)
            if is_last or not _is_unpaid(failure) or wanted_s > _LONGEST_PAUSE_S:
                self._fail(failure, failure)
        await asyncio.sleep(pause_s)
        return None

    def _own(self, reply: Mapping[str, Any]) -> Mapping[str, Any]:
        said = reply.get("model")
        if said not in (None, "") and not is_same_model(self._model, said, self._reports_as):
            raise RequestFailed(_ANOTHER, quoted=cleaned(str(said), secret=self._key))
        return reply

    async def _require_success(self, reply: PooledReply, time: asyncio.Timeout) -> None:
        if not reply.is_success:
            raise await reply.failure(secret=self._key, ends=time.when())

    def _fail(self, failure: RequestFailed, cause: Exception) -> NoReturn:
        """Raises it in the words of models; a status that may have cost something is not told as one that did not."""
        kind = Unpaid if _is_unpaid(failure) else _KINDS[failure.kind]
        raise kind(
            f"{self._name}: {failure}",
            model=self._model,
            retryable=failure.retryable,
            status=failure.status,
            summary=failure.words,
        ) from cause


def _is_unpaid(failure: RequestFailed) -> bool:
    return isinstance(failure, NotSent) or failure.status in _TURNED_AWAY


async def _events(reply: PooledReply) -> AsyncGenerator[Mapping[str, Any], None]:
    """The objects in a stream of server-sent events, up to ``[DONE]``."""
    if "text/event-stream" not in reply.headers.get("content-type", ""):
        raise RequestFailed("wanted a stream of events; got something else")
    async with aclosing(_lines(reply)) as lines:
        async for line in lines:
            if line.startswith(b"data:") and (said := line[5:].strip()):
                if said == b"[DONE]":
                    return
                yield _object(said)
    raise RequestFailed("the stream broke off", "unavailable")


async def _lines(reply: PooledReply) -> AsyncGenerator[bytes, None]:
    """The lines of a body, the last one without its end too. A line that comes byte by byte is put together once."""
    begun, is_first = list[bytes](), True
    async with aclosing(reply.pieces()) as pieces:
        async for piece in pieces:
            *ended, rest = piece.split(b"\n")
            for end in ended:
                line = b"".join([*begun, end])
                yield line.removeprefix(BOM_UTF8) if is_first else line
                begun, is_first = [], False
            begun.append(rest)
    yield b"".join(begun)


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        found = reply_object(content)
    except InputError as error:
        raise RequestFailed(str(error)) from error
    if found.get("error") is not None:
        raise RequestFailed("the reply carries an error")
    return {key: value for key, value in found.items() if key != _VERDICT}


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
