"""One verification for one caller: the shape that came in, the guard, the shape that goes out, and who is told.

Every route that verifies goes through :func:`verify`, so that there is one place where an answer can say ``safe``, and it
only copies what the guard decided. A newcomer starts there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from foureyes.errors import InputError
from foureyes.service.access import Call
from foureyes.service.problems import Refused
from foureyes.service.shown import Told
from foureyes.service.wire.guard import Turn, VerifyAnswer, VerifyRequest, VoteAnswer
from foureyes.types import Exchange, Message, Vote, text_of

if TYPE_CHECKING:
    from foureyes.guard import Decision
    from foureyes.guard.ports import Receipt

__all__ = ["decide", "exchange_of", "members_of", "require_members", "tell", "verify", "vote_answer"]


async def verify(call: Call, body: VerifyRequest, *, on_vote: Callable[[Vote], None] | None = None) -> VerifyAnswer:
    """Verifies one response, and tells whoever watches.

    Args:
        call: who asks.
        body: what is asked.
        on_vote: told each vote as it comes.

    Raises:
        Refused: a verifier that is not configured.
    """
    decision, answer = await decide(call, body, on_vote=on_vote)
    call.live.chores.add(partial(tell, call, body, decision, answer, at=call.live.tools.wall_clock()))
    return answer


async def decide(
    call: Call, body: VerifyRequest, *, on_vote: Callable[[Vote], None] | None = None
) -> tuple[Decision, VerifyAnswer]:
    """The same, without telling anybody: the decision, and how it is sent."""
    require_members(call, body)
    tracer = call.live.tools.tracer
    with tracer.verification(call.headers) as span:
        decision = await call.parts.guard.verify(
            exchange_of(body.prompt, body.response),
            tenant=call.tenant,
            session=body.session_id,
            agent=body.agent_id,
            members=members_of(body),
            on_vote=on_vote,
        )
        tracer.outcome(span, safe=decision.safe, stage=decision.failed, votes=decision.verdict.votes)
    return decision, _answer(decision)


def tell(
    call: Call,
    body: VerifyRequest,
    decision: Decision,
    answer: VerifyAnswer,
    *,
    at: float,
    segments: list[dict[str, Any]] | None = None,
) -> None:
    """Counts a verification, shows it to whoever watches, and tells the monitor.

    Args:
        call: who asked.
        body: what was asked; its texts are shown only where the tenant shows them.
        decision: what the guard decided.
        answer: how it is sent.
        at: when, seconds since 1970.
        segments: of a fine-grained check.
    """
    live, texts = call.live, call.parts.show_texts
    live.metrics.verification(decision.verdict, decision.failed)
    call.desk.feed.add(
        "decision",
        Told(
            at,
            body.agent_id,
            answer,
            prompt=text_of(exchange_of(body.prompt, "").prompt) if texts else None,
            response=body.response if texts else None,
            segments=segments if texts else None,
        ),
    )
    if alarms := call.desk.observe(decision.request_id, decision.verdict, at=at):
        live.alarm(alarms)


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


def vote_answer(vote: Vote) -> VoteAnswer:
    """A vote as it is sent."""
    return VoteAnswer.model_validate(_vote(vote))


def _answer(decision: Decision) -> VerifyAnswer:
    """Built from plain values at once: a model for every part of it would take three times as long."""
    verdict = decision.verdict
    return VerifyAnswer.model_validate(
        {
            "request_id": decision.request_id,
            "consensus_reached": verdict.consensus_reached,
            "safe": decision.safe,
            "votes": [_vote(vote) for vote in verdict.votes],
            "agreement_ratio": verdict.agreement_ratio,
            "latency_ms": verdict.latency_ms,
            "reason": verdict.reason,
            "stage": decision.failed,
            "enforced": decision.enforced,
            "ledger_entry": _entry(decision.receipt),
        }
    )


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "provider": vote.provider,
        "model": vote.model,
        "verdict": vote.verdict,
        "confidence": vote.confidence,
        "reason": vote.reason,
        "latency_ms": vote.latency_ms,
    }


def _entry(receipt: Receipt | None) -> dict[str, Any] | None:
    if receipt is None:
        return None
    return {
        "index": receipt.index,
        "entry_hash": receipt.entry_hash,
        "timestamp": receipt.timestamp,
        "log_id": receipt.log_id,
    }
