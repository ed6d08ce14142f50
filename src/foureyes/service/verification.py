"""One verification for one caller: the shape that came in, the guard, and who is told.

Every route that verifies goes through :func:`verify`. What is sent of a decision (:mod:`foureyes.service.answers`) only
copies what the guard decided. A newcomer starts here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from foureyes.errors import InputError
from foureyes.service.access import Call
from foureyes.service.problems import Refused
from foureyes.service.shown import Told
from foureyes.service.wire.guard import Turn, VerifyRequest
from foureyes.types import Exchange, Message, Vote, text_of

if TYPE_CHECKING:
    from foureyes.guard import Decision

__all__ = ["decide", "exchange_of", "members_of", "require_members", "tell", "verify"]


async def verify(call: Call, body: VerifyRequest, *, on_vote: Callable[[Vote], None] | None = None) -> Decision:
    """Verifies one response, and tells whoever watches.

    Args:
        call: who asks.
        body: what is asked.
        on_vote: told each vote as it comes.

    Raises:
        Refused: a verifier that is not configured.
    """
    decision = await decide(call, body, on_vote=on_vote)
    call.state.chores.add(partial(tell, call, body, decision, at=call.state.instruments.wall_clock()))
    return decision


async def decide(call: Call, body: VerifyRequest, *, on_vote: Callable[[Vote], None] | None = None) -> Decision:
    """The same, without telling anybody."""
    require_members(call, body)
    tracer = call.state.instruments.tracer
    with tracer.verification(call.headers) as span:
        decision = await call.parts.guard.verify(
            exchange_of(body.prompt, body.response),
            tenant=call.tenant.name,
            session=body.session_id,
            agent=body.agent_id,
            members=members_of(body),
            on_vote=on_vote,
        )
        tracer.outcome(span, safe=decision.safe, stage=decision.failed, votes=decision.verdict.votes)
    return decision


def tell(
    call: Call,
    body: VerifyRequest,
    decision: Decision,
    *,
    at: float,
    segments: list[dict[str, Any]] | None = None,
) -> None:
    """Counts a verification, shows it to whoever watches, and tells the monitor.

    Args:
        call: who asked.
        body: what was asked; its texts are shown only where the tenant shows them.
        decision: what the guard decided.
        at: when, seconds since 1970.
        segments: of a fine-grained check.
    """
    state, texts = call.state, call.parts.show_texts
    state.metrics.verification(decision.verdict, decision.failed)
    call.tenant.feed.add(
        "decision",
        Told(
            at,
            body.agent_id,
            decision,
            prompt=text_of(exchange_of(body.prompt, "").prompt) if texts else None,
            response=body.response if texts else None,
            segments=segments if texts else None,
        ),
    )
    if alarms := call.tenant.observe(decision.request_id, decision.verdict, at=at):
        state.alarm(alarms)


def exchange_of(prompt: str | Sequence[Turn], response: str) -> Exchange:
    """The exchange in the shapes of a request.

    Raises:
        InputError: text that is not UTF-8.
    """
    if isinstance(prompt, str):
        return Exchange(prompt, response)
    return Exchange(tuple(Message(turn.role, turn.content) for turn in prompt), response)


def members_of(body: VerifyRequest) -> list[tuple[str, str]] | None:
    """The verifiers a request names."""
    return None if body.models is None else [(model.provider, model.model) for model in body.models]


def require_members(call: Call, body: VerifyRequest) -> None:
    """Makes sure that the verifiers a request names are configured.

    Raises:
        Refused: one is not, or is named twice: 404.
    """
    if (members := members_of(body)) is not None:
        try:
            call.parts.guard.council.only(members)
        except InputError as error:
            raise Refused(404, str(error)[:500]) from error
