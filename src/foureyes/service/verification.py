"""One verification for one caller: the request as an exchange, the guard's decision, and its publication.

Every route that verifies goes through :func:`verify`. A newcomer starts here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from foureyes.errors import InputError
from foureyes.service.access import Call
from foureyes.service.problems import Refused
from foureyes.service.wire.decisions import FeedItem, rfc3339
from foureyes.service.wire.guard import Turn, VerifyRequest, VerifyResponse
from foureyes.types import Exchange, Message, Vote, text_of

if TYPE_CHECKING:
    from foureyes.guard import Decision

__all__ = ["exchange_of", "members_of", "publish", "require_members", "run_guard", "verify"]


async def verify(call: Call, body: VerifyRequest, *, on_vote: Callable[[Vote], None] | None = None) -> Decision:
    """Verifies one response, and publishes the decision.

    Args:
        call: who asks.
        body: what is asked.
        on_vote: told each vote as it comes.

    Raises:
        Refused: a verifier that is not configured.
    """
    decision = await run_guard(call, body, on_vote=on_vote)
    publish(call, body, decision)
    return decision


async def run_guard(call: Call, body: VerifyRequest, *, on_vote: Callable[[Vote], None] | None = None) -> Decision:
    """Has the guard decide, inside a span where traces are on; publishes nothing."""
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


def publish(
    call: Call, body: VerifyRequest, decision: Decision, *, segments: list[dict[str, Any]] | None = None
) -> None:
    """Counts a verification, shows it to whoever watches, and tells the monitor.

    A bug in any of these is logged and keeps no decision back: it is made, and recorded, by then.

    Args:
        call: who asked.
        body: what was asked; its texts are shown only where the tenant shows them.
        decision: what the guard decided.
        segments: of a fine-grained check.
    """
    try:
        _publish(call, body, decision, segments)
    except Exception as error:  # noqa: BLE001 - whatever it is, see above
        call.state.log_failure(error, call.request_id)


def _publish(call: Call, body: VerifyRequest, decision: Decision, segments: list[dict[str, Any]] | None) -> None:
    at, texts = call.state.instruments.wall_clock(), call.parts.show_texts
    call.state.metrics.verification(decision.verdict, decision.failed)
    item = FeedItem(
        at=rfc3339(at),
        agent_id=body.agent_id,
        verification=VerifyResponse.of(decision),
        prompt=text_of(exchange_of(body.prompt, "").prompt) if texts else None,
        response=body.response if texts else None,
        segments=segments if texts else None,
    )
    call.tenant.feed.add("decision", item)
    if alarms := call.tenant.observe(decision.request_id, decision.verdict, at=at):
        call.state.alarm(alarms)


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
