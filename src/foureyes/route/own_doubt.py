"""A writer's own doubt: how surprised it was, on average, at the tokens that it wrote.

An upstream is asked for its log-probabilities beside what the caller asked, and the caller is not shown what it did not ask for. An
upstream that refuses them is asked again without: then its answers come without its own doubt, which is said as a missing number and
never guessed.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final

from foureyes.errors import ModelRefused
from foureyes.guard.deadline import log_failure
from foureyes.models.stated_tokens import chat_tokens
from foureyes.route.outcome import RouteRequest
from foureyes.route.roles import RouteWriter, WriterReply
from foureyes.types import Unscored

__all__ = ["DoubtingWriter", "own_surprise"]

_REFUSALS: Final = frozenset({400, 404, 422, 501})
"""How servers say that they do not know a field, and that nothing was done."""
_ASK_AGAIN_S: Final = 600.0
_MOST_TOKENS: Final = 200_000


class DoubtingWriter:
    """A writer that is asked for its log-probabilities too; see :class:`~foureyes.route.roles.RouteWriter`.

    Args:
        writer: over a protocol that knows ``logprobs``.
    """

    def __init__(self, writer: RouteWriter) -> None:
        self._writer = writer
        self._refused_at: float | None = None

    @property
    def name(self) -> str:
        """The writer's name in the route."""
        return self._writer.name

    @property
    def model(self) -> str:
        """What its provider calls it."""
        return self._writer.model

    async def write(self, request: RouteRequest) -> WriterReply:
        """As the writer, with its own doubt where it says it."""
        if request.body.get("logprobs"):
            reply = await self._writer.write(request)
            return WriterReply(reply.body, _own(reply.body))
        if self._refused_at is not None and time.monotonic() - self._refused_at < _ASK_AGAIN_S:
            return await self._writer.write(request)
        try:
            reply = await self._writer.write(replace(request, body={**request.body, "logprobs": True}))
        except ModelRefused as error:
            if error.status not in _REFUSALS:
                raise
            reply = await self._writer.write(request)  # where it is this that is refused, it was something else
            log_failure(error, f"asking {self.name} for log-probabilities")
            self._refused_at = time.monotonic()
            return reply
        return WriterReply(_without_logprobs(reply.body), _own(reply.body))

    def stream(self, request: RouteRequest) -> AsyncIterator[Mapping[str, Any]]:
        """As the writer: what is sent on at once holds nothing that was not asked for."""
        return self._writer.stream(request)

    async def aclose(self) -> None:
        """Closes the writer."""
        await self._writer.aclose()


def own_surprise(choice: object) -> float | None:
    """Mean surprise at the tokens of a choice of a chat completion, nats, ≥ 0; ``None`` where they are not all stated.

    Example:
        >>> tokens = [{"token": "Can", "logprob": -0.5}, {"token": "berra", "logprob": 0.0}]
        >>> own_surprise({"logprobs": {"content": tokens}}), own_surprise({"logprobs": None})
        (0.25, None)
    """
    stated = choice.get("logprobs") if isinstance(choice, Mapping) else None
    entries = stated.get("content") if isinstance(stated, Mapping) else None
    if not isinstance(entries, list) or not 0 < len(entries) <= _MOST_TOKENS:
        return None
    tokens = chat_tokens(entries)
    if isinstance(tokens, Unscored):
        return None
    return max(0.0, -sum(token.logprob for token in tokens) / len(tokens))


def _own(body: Mapping[str, Any]) -> tuple[float | None, ...]:
    choices = body.get("choices")
    return tuple(own_surprise(choice) for choice in choices) if isinstance(choices, list) else ()


def _without_logprobs(body: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = body.get("choices")
    if not isinstance(choices, list):
        return body
    shown = [{**one, "logprobs": None} if isinstance(one, Mapping) and "logprobs" in one else one for one in choices]
    return {**body, "choices": shown}
