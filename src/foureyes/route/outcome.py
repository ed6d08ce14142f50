"""What a route is asked, and what comes of it: the answer, and each stage that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from foureyes.errors import InputError
from foureyes.turns import openai_chat
from foureyes.types import Message, TokenUsage, ToolDefinition, Unscored, Verdict

__all__ = ["MOST_ANSWERS", "Candidate", "RouteAction", "RouteRequest", "RouteStage", "RoutedAnswer", "StageFailure"]

MOST_ANSWERS: Final = 128
"""Answers to one request, as many as OpenAI gives."""

_OURS: Final = frozenset({"model", "stream", "stream_options"})

RouteAction: TypeAlias = Literal[
    "answer",  # good enough by the policy
    "annotated",  # returned whatever was read, since the route only watches
    "strongest",  # not good enough; the route returns the strongest writer's answer, marked
    "abstain",  # not good enough; nothing is returned
    "person",  # not good enough; it waits in a person's queue
    "failed",  # writers or reader failed, and the route closes
    "cancelled",  # the caller hung up; only the log is told
]

StageFailure: TypeAlias = Literal[
    "unavailable",  # the writer cannot be reached, was too late, or answered 429 or 5xx
    "refused",  # the writer's server said no
    "bad_reply",  # what came back is no reply, broke off, or has another form than asked for
    "filtered",  # the provider's filter withheld it, or the model declined
    "private",  # personal data could not be concealed from it
    "unread",  # the reader could not read it
    "uncalibrated",  # the reader read it, and no calibrator makes P(correct) of what it saw
    "cancelled",  # the caller hung up while it was written or read
]


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What an application asks, in the words of OpenAI's chat completions.

    Attributes:
        body: the request as it came, without ``model`` and ``stream``; every field goes to the writers unchanged
            (``messages``, ``tools``, ``response_format``, ``temperature``, ``seed``, ``logprobs``, ``stop`` …).
        messages: the same conversation as the reader reads it.
        tools: what writers may call, as the reader's template is told.
        n: answers asked for, from 1 to 128.
    """

    body: Mapping[str, Any]
    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    n: int = 1

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> RouteRequest:
        """What the body of a request to ``/v1/chat/completions`` asks.

        Args:
            body: as decoded from JSON; ``model``, ``stream`` and ``stream_options`` are left out.

        Raises:
            InputError: it holds no conversation, a tool that is none, or an ``n`` outside 1 to 128.

        Example:
            >>> RouteRequest.of({"model": "foureyes/answers", "messages": [{"role": "user", "content": "Hi"}]}).body
            {'messages': [{'role': 'user', 'content': 'Hi'}]}
        """
        messages, tools = openai_chat.messages(body), openai_chat.tools(body)
        if not messages:
            raise InputError("messages must hold at least one message; got none")
        n = body.get("n")
        if n is not None and (isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST_ANSWERS):
            raise InputError(f"n must be a whole number from 1 to {MOST_ANSWERS}; got {str(n)[:60]!r}")
        kept = {key: value for key, value in body.items() if key not in _OURS}
        return cls(kept, messages, tools, n or 1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer of a writer, as it was written and as it was read.

    Attributes:
        choice: the element of ``choices`` in the writer's reply, unchanged.
        turn: the same as the reader reads it.
        signal: what the reader saw, in the signal's own unit; :class:`~foureyes.types.Unscored` where it could not tell.
        confidence: P(correct) in [0, 1] after calibration, or why there is none.
        own: the writer's mean surprise at its own tokens, nats, ≥ 0; ``None`` where it did not say.
    """

    choice: Mapping[str, Any]
    turn: Message
    signal: float | Unscored
    confidence: float | Unscored
    own: float | None = None


@dataclass(frozen=True, slots=True)
class RouteStage:
    """What one writer did for a request.

    Attributes:
        writer: its name in the route.
        model: what its provider calls it.
        candidates: what it wrote, as read; empty where nothing came that can be used.
        chosen: index of the candidate whose confidence the policy saw: the surest, or where more answers were asked for the
            least sure of those that would be returned; ``None`` where there is none.
        action: what the policy said: return it, ask the next writer, or abstain.
        failure: why there is no candidate, or why none could be read; ``None`` where one was.
        detail: the failure in words that hold no key, address or text; empty without one.
        usage: tokens read and written; ``None`` where the writer does not say.
        cost: of the writer's tokens, in the route's currency, ≥ 0; ``None`` where prices or tokens are unknown.
        reading_cost: of reading them, ≥ 0.
        council: what a council said of it where one was asked; ``None`` elsewhere.
        write_s, read_s: seconds spent writing and reading.
    """

    writer: str
    model: str
    candidates: tuple[Candidate, ...]
    chosen: int | None
    action: Literal["answer", "escalate", "abstain"]
    failure: StageFailure | None = None
    detail: str = ""
    usage: TokenUsage | None = None
    cost: float | None = None
    reading_cost: float = 0.0
    write_s: float = 0.0
    read_s: float = 0.0
    council: Verdict | None = None


@dataclass(frozen=True, slots=True)
class RoutedAnswer:
    """An answer with everything that led to it.

    Attributes:
        request_id: names it in logs, in the ledger and in outcomes posted back.
        route: the route's name.
        action: what became of it.
        stages: of the writers that were asked, in order; the last one's chosen candidate is what was decided about.
        reply: the body of an OpenAI chat completion that is returned; ``None`` where nothing is.
        confidence: P(correct) of what is returned, in [0, 1], or why there is none.
        enforced: false in shadow mode, where ``reply`` is what the application would have got without the route.
        would: in shadow mode what the route would have done, ``None`` while that is not known: nobody waits for what is only
            watched, and the log is told it later; otherwise the same as ``action``.
        baseline: in shadow mode the strongest writer's stage, whose answer was returned; ``None`` elsewhere.
        suspended: whether the promise is suspended, since traffic has drifted from what it was made on.
        receipt: of the ledger; ``None`` where the route keeps none.
        reason: why nothing is returned, or why it is marked, in words for a person; empty where all is well.
        at: seconds since 1970.
        everyone: whether every writer was asked, for a share of requests drawn at random, so that learning goes on.
        extra: for that, the stages of the writers that the policy did not ask. Nobody waits for them: only the log is told.
    """

    request_id: str
    route: str
    action: RouteAction
    stages: tuple[RouteStage, ...]
    reply: Mapping[str, Any] | None
    confidence: float | Unscored
    enforced: bool
    would: RouteAction | None
    at: float
    baseline: RouteStage | None = None
    suspended: bool = False
    receipt: Mapping[str, Any] | None = None
    reason: str = ""
    everyone: bool = False
    extra: tuple[RouteStage, ...] = ()

    @property
    def cost(self) -> float | None:
        """Of all stages, readings included; ``None`` where one is unknown."""
        costs = [None if stage.cost is None else stage.cost + stage.reading_cost for stage in self.stages]
        return None if None in costs else sum(cost for cost in costs if cost is not None)
