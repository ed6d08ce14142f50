"""A writer and a reader without a model, for tests of the code around them, ours and users'."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from foureyes.models.scripted import ScriptedReader
from foureyes.route.outcome import RouteRequest
from foureyes.route.roles import WriterReply
from foureyes.types import Exchange, Reading, Unscored

__all__ = ["ScriptedRouteReader", "ScriptedRouteWriter", "completion"]


def completion(*answers: str, model: str = "scripted", usage: tuple[int, int] = (10, 5)) -> dict[str, Any]:
    """A chat completion with these answers.

    Example:
        >>> completion("Canberra")["choices"][0]["message"]["content"]
        'Canberra'
    """
    choices = [
        {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for i, text in enumerate(answers)
    ]
    asked, written = usage
    counted = {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": choices,
        "usage": counted,
    }


class ScriptedRouteWriter:
    """Answers from a script.

    Args:
        name: in the route.
        reply: what it answers to everything: a text, a whole chat completion, an error to raise, or a function of the
            request that gives one of these.
        wait_s: seconds until it answers.

    Attributes:
        asked: the requests it was asked, in order.
        cancelled: how many of them were cancelled while it wrote.
    """

    def __init__(self, name: str, reply: Any = "", *, wait_s: float = 0.0) -> None:
        self._name, self._reply, self._wait_s = name, reply, wait_s
        self.asked: list[RouteRequest] = []
        self.cancelled = 0

    @property
    def name(self) -> str:
        """Its name in the route."""
        return self._name

    @property
    def model(self) -> str:
        """What its provider calls it."""
        return f"{self._name}-model"

    async def write(self, request: RouteRequest) -> WriterReply:
        """Answers from the script."""
        self.asked.append(request)
        try:
            await asyncio.sleep(self._wait_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return WriterReply(self._said(request))

    async def stream(self, request: RouteRequest) -> AsyncIterator[Mapping[str, Any]]:
        """The same, word by word."""
        body = (await self.write(request)).body
        for choice in body["choices"]:
            words = str(choice["message"]["content"]).split(" ")
            for i, word in enumerate(words):
                delta = {"role": "assistant", "content": word if i == 0 else f" {word}"}
                piece = {"index": choice["index"], "delta": delta, "finish_reason": None}
                yield {**body, "object": "chat.completion.chunk", "choices": [piece], "usage": None}
            last = {"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}
            yield {**body, "object": "chat.completion.chunk", "choices": [last], "usage": None}
        yield {**body, "object": "chat.completion.chunk", "choices": []}

    async def aclose(self) -> None:
        """Nothing is open."""

    def _said(self, request: RouteRequest) -> Mapping[str, Any]:
        reply = self._reply(request) if isinstance(self._reply, Callable) else self._reply  # type: ignore[arg-type]
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, str):
            return completion(*[reply] * request.n, model=self.model)
        found: Mapping[str, Any] = reply
        return found


class ScriptedRouteReader:
    """Reads from a script.

    Args:
        confidences: P(correct) by answer, or why there is none; answers that it does not name get ``otherwise``.
        otherwise: of all others.
        fails: raised instead of reading anything.
        wait_s: seconds until it has read.

    Attributes:
        read_answers: the answers it was shown, in order.
    """

    def __init__(
        self,
        confidences: Mapping[str, float | Unscored] | None = None,
        *,
        otherwise: float | Unscored = 0.5,
        fails: Exception | None = None,
        wait_s: float = 0.0,
    ) -> None:
        self._confidences, self._otherwise, self._fails, self._wait_s = confidences or {}, otherwise, fails, wait_s
        self.read_answers: list[str] = []

    @property
    def fingerprint(self) -> str:
        """Of the script."""
        return "scripted"

    async def read(
        self,
        exchanges: Sequence[Exchange],
        *,
        writer: str,  # noqa: ARG002 - the script is the same for all
        own: Sequence[float | None] = (),  # noqa: ARG002 - as above
    ) -> list[tuple[float | Unscored, float | Unscored]]:
        """The signal, which is 1 − P(correct) here, and P(correct) of each."""
        await asyncio.sleep(self._wait_s)
        if self._fails is not None:
            raise self._fails
        self.read_answers += [exchange.answer for exchange in exchanges]
        found = [self._confidences.get(exchange.answer, self._otherwise) for exchange in exchanges]
        return [(one, one) if isinstance(one, Unscored) else (1 - one, one) for one in found]

    async def reading(self, exchange: Exchange) -> Reading | Unscored:
        """Token by token, by :class:`~foureyes.models.scripted.ScriptedReader`."""
        return ScriptedReader().read([exchange])[0]

    async def aclose(self) -> None:
        """Nothing is open."""
