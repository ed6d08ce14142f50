"""A :class:`~foureyes.models.roles.Writer` as a writer of a route: a model of this process, or a provider's through its own API.

Such a writer takes a conversation and how to sample. What else a request may ask (tools, a form of reply, stops) it cannot do; it
says so, and the route goes on to the next one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from foureyes.errors import InputError, ModelError, ModelRefused, ModelUnavailable
from foureyes.guard.threads import BoundedThreads, ThreadsClosed
from foureyes.models.roles import Sampling, Writer
from foureyes.route.outcome import RouteRequest
from foureyes.route.roles import WriterReply
from foureyes.types import TokenUsage, Unscored, Written, new_id

__all__ = ["RoleWriter"]

_KNOWN: Final = frozenset(
    {
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "seed",
        "n",
        "user",
        "metadata",
        "store",
    }
)
_NOTHING: Final[tuple[Any, ...]] = (None, [], {}, False, {"type": "text"}, "none")
"""Values by which a field asks for nothing."""

_USUAL_TOKENS: Final = 512


class RoleWriter:
    """Writes with a model that is called in a thread; see :class:`~foureyes.route.roles.RouteWriter`.

    Without a ``temperature`` it is greedy; several answers are then drawn at 1.

    Args:
        name: in the route.
        writer: the model. It is closed with this where it can be closed.
        threads: calls of the model at once, ≥ 1.
        timeout_s: most seconds for one request, the wait for a thread included, > 0. A call that goes on keeps its thread.
    """

    def __init__(self, name: str, writer: Writer, *, threads: int = 1, timeout_s: float = 120.0) -> None:
        self._name, self._writer, self._timeout_s = name, writer, timeout_s
        self._threads = BoundedThreads(threads, name=name)

    @property
    def name(self) -> str:
        """Its name in the route."""
        return self._name

    @property
    def model(self) -> str:
        """What the model is called."""
        return self._writer.name

    async def write(self, request: RouteRequest) -> WriterReply:
        """Answers; see :class:`~foureyes.route.roles.RouteWriter`.

        Raises:
            ModelRefused: the request asks what this writer cannot do.
        """
        sampling = self._sampling(request)
        try:
            async with asyncio.timeout(self._timeout_s):
                (rows,) = await self._threads.do(lambda: self._writer.write([request.messages], sampling))
        except TimeoutError:
            late = f"no whole reply within {self._timeout_s:g} s"
            raise ModelUnavailable(f"{self.name}: {late}", model=self.model, summary=late) from None
        except ThreadsClosed:
            raise ModelUnavailable(f"{self.name} is closed", model=self.model) from None
        written = [row for row in rows if isinstance(row, Written)]
        for row in rows:
            if isinstance(row, Unscored):
                raise self._failure(row)
        return WriterReply(_completion(self.model, written), tuple(map(_own, written)))

    async def stream(self, request: RouteRequest) -> AsyncGenerator[Mapping[str, Any], None]:
        """The same in one piece a choice."""
        body = (await self.write(request)).body
        for choice in body["choices"]:
            piece = {"index": choice["index"], "delta": choice["message"], "finish_reason": choice["finish_reason"]}
            yield {**body, "object": "chat.completion.chunk", "choices": [piece], "usage": None}
        yield {**body, "object": "chat.completion.chunk", "choices": []}

    async def aclose(self) -> None:
        """Ends the threads as soon as they are free."""
        self._threads.close()
        close = getattr(self._writer, "close", None)
        if close is not None:
            close()

    def _sampling(self, request: RouteRequest) -> Sampling:
        body = request.body
        if unknown := [key for key, value in body.items() if key not in _KNOWN and value not in _NOTHING]:
            raise self._refused(f"it takes a conversation and how to sample, not {', '.join(sorted(unknown))}"[:200])
        most = body.get("max_completion_tokens") or body.get("max_tokens") or _USUAL_TOKENS
        temperature = body.get("temperature")
        if temperature is None:
            temperature = 0.0 if request.n == 1 else 1.0
        try:
            return Sampling(most, temperature, body.get("top_p") or 1.0, body.get("seed") or 0, request.n)
        except (InputError, TypeError) as error:
            raise self._refused("how to sample is not such that it can be done") from error

    def _refused(self, why: str) -> ModelRefused:
        return ModelRefused(f"{self.name}: {why}", model=self.model, summary=why, status=400)

    def _failure(self, why: Unscored) -> ModelError:
        kind = {"unavailable": ModelUnavailable, "context": ModelRefused, "template": ModelRefused}.get(
            why.reason, ModelError
        )
        return kind(f"{self.name}: {why}", model=self.model)


def _completion(model: str, rows: list[Written]) -> dict[str, Any]:
    choices = [
        {
            "index": i,
            "message": {"role": "assistant", "content": row.exchange.answer},
            "finish_reason": row.finish,
            "logprobs": None,
        }
        for i, row in enumerate(rows)
    ]
    body = {
        "id": f"chatcmpl-{new_id()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": choices,
    }
    usages = [_usage(row) for row in rows]
    if any(usage is None for usage in usages):
        return body
    known = [usage for usage in usages if usage is not None]
    asked, written = max(usage.prompt_tokens for usage in known), sum(usage.answer_tokens for usage in known)
    counted = {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}
    return {**body, "usage": counted}


def _own(row: Written) -> float | None:
    """Its mean surprise at its own tokens, where the model shows them."""
    return None if row.reading is None else float(row.reading.nll.mean())


def _usage(row: Written) -> TokenUsage | None:
    if row.usage is not None or row.reading is None:
        return row.usage
    return TokenUsage(row.reading.n_prompt_tokens, len(row.reading.token_ids))
