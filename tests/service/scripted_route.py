"""A route that follows a script, behind the gateway: what it is asked can be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from foureyes.models.scripted import ScriptedReader
from foureyes.route.answering import Left
from foureyes.route.outcome import Candidate, RouteAction, RoutedAnswer, RouteRequest, RouteStage
from foureyes.types import Exchange, Message, Reading, TokenUsage, Unscored

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def completion(message: Mapping[str, Any], *, n: int = 1, finish: str = "stop", **choice: Any) -> dict[str, Any]:
    """A chat completion as a writer's server sends it."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_800_000_000,
        "model": "toy-small",
        "choices": [
            {
                "index": i,
                "message": {"role": "assistant", **message},
                "finish_reason": finish,
                "logprobs": None,
                **choice,
            }
            for i in range(n)
        ],
        "usage": USAGE,
    }


@dataclass
class ScriptedRoute:
    """Answers what it is told to.

    Attributes:
        reply: what its one writer says.
        action: what becomes of it.
        chunks: what it streams, where it annotates.
        error: raised instead of an answer.
        waits: set where it answers only once this is.
        paid: whether its writer was paid although it failed.
        suspended: why its promise is suspended.
        asked, cancelled: what came, and how many callers left.
    """

    name: str = "trivia"
    reply: Mapping[str, Any] = field(default_factory=lambda: completion({"content": "Canberra"}))
    action: RouteAction = "answer"
    annotates: bool = False
    chunks: list[Mapping[str, Any]] = field(default_factory=list)
    error: Exception | None = None
    waits: asyncio.Event | None = None
    paid: bool = False
    asked: list[RouteRequest] = field(default_factory=list)
    cancelled: int = 0
    closed: bool = False
    suspended: str = ""

    @property
    def promise(self) -> str:
        return ""

    async def resume(self, *, by: str, note: str = "") -> str:  # noqa: ARG002
        why, self.suspended = self.suspended, ""
        return why

    async def answer(
        self, request: RouteRequest, *, request_id: str | None = None, left: Left | None = None
    ) -> RoutedAnswer:
        self.asked.append(request)
        try:
            if self.waits is not None:
                await self.waits.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            if left is not None:
                left(self._answer(request_id or "r-1"))
            raise
        if self.error is not None:
            raise self.error
        return self._answer(request_id or "r-1")

    async def reread(self, exchange: Exchange) -> tuple[Reading | Unscored, bool]:
        return ScriptedReader(name="toy-reader").read([exchange])[0], False

    async def annotated(
        self, request: RouteRequest, *, request_id: str | None = None, left: Left | None = None
    ) -> AsyncGenerator[Mapping[str, Any] | RoutedAnswer]:
        self.asked.append(request)
        try:
            for chunk in self.chunks:
                yield chunk
            if self.waits is not None:
                await self.waits.wait()
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            if left is not None:
                left(self._answer(request_id or "r-1"))
            raise
        if self.error is not None:
            raise self.error
        yield self._answer(request_id or "r-1")

    def strongest_cost(self, _: RoutedAnswer) -> float | None:
        return 0.01

    def outcome(self, _: str, **__: Any) -> bool:
        return False

    async def aclose(self) -> None:
        self.closed = True

    def _answer(self, request_id: str) -> RoutedAnswer:
        returned = self.action in ("answer", "annotated", "strongest")
        failed = self.action == "failed"
        choices = () if failed else self.reply["choices"]
        confidence: float | Unscored = Unscored("unavailable", "nobody read it") if failed else 0.9
        candidates = tuple(
            Candidate(choice, Message("assistant", choice["message"].get("content") or "…"), 0.25, 0.9)
            for choice in choices
        )
        stage = RouteStage(
            "small",
            "toy-small",
            candidates,
            0 if candidates else None,
            "answer" if returned else "abstain",
            failure="unavailable" if failed else None,
            usage=None if failed and not self.paid else TokenUsage(7, 3),
            cost=0.0 if failed else 0.001,
            reading_cost=0.0001,
            write_s=0.25,
            read_s=0.05,
        )
        reply = self.reply if returned else None
        return RoutedAnswer(
            request_id,
            self.name,
            self.action,
            (stage,),
            reply,
            confidence,
            enforced=True,
            would=self.action,
            at=1_800_000_000.0,
        )
