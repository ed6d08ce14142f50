"""One verification for one caller: what is to be verified, the guard's decision, and its publication.

Every route that verifies goes through :func:`verify`, whatever shape its request has. A newcomer starts here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from foureyes.errors import InputError, StateError
from foureyes.monitoring import Observation
from foureyes.service.access import Call
from foureyes.service.fresh_offers import offer_afresh
from foureyes.service.problems import Refused
from foureyes.service.tenant_events import Verified
from foureyes.service.tenant_state import observation_of
from foureyes.service.wire.decisions import FeedItem, rfc3339
from foureyes.service.wire.guard import VerifyResponse
from foureyes.types import Exchange, Vote, text_of

if TYPE_CHECKING:
    from foureyes.guard import Decision

__all__ = ["VerificationQuery", "publish", "require_members", "run_guard", "verify"]


@dataclass(frozen=True, slots=True)
class VerificationQuery:
    """What is to be verified, and for whom.

    Attributes:
        exchange: the prompt and the answer.
        agent_id: who wants to act on the answer.
        session_id: the conversation in which tokens stay the same.
        members: (provider, model) of the verifiers to ask; ``None`` for all that are configured.
        sources: names of the memories the answer drew on; verifiers never see them.
    """

    exchange: Exchange
    agent_id: str | None = None
    session_id: str | None = None
    members: tuple[tuple[str, str], ...] | None = None
    sources: tuple[str, ...] = ()


async def verify(call: Call, query: VerificationQuery, *, on_vote: Callable[[Vote], None] | None = None) -> Decision:
    """Verifies one response, and publishes the decision.

    Args:
        call: who asks.
        query: what is asked.
        on_vote: told each vote as it comes.

    Raises:
        Refused: a verifier that is not configured, or fewer than the quorum.
    """
    decision = await run_guard(call, query, on_vote=on_vote)
    await publish(call, query, decision)
    return decision


async def run_guard(call: Call, query: VerificationQuery, *, on_vote: Callable[[Vote], None] | None = None) -> Decision:
    """Has the guard decide, inside a span where traces are on; publishes nothing."""
    require_members(call, query)
    tracer = call.state.instruments.tracer
    with tracer.verification(call.headers) as span:
        decision = await call.parts.guard.verify(
            query.exchange,
            tenant=call.tenant.name,
            session=query.session_id,
            agent=query.agent_id,
            members=query.members,
            on_vote=on_vote,
        )
        tracer.outcome(span, safe=decision.safe, stage=decision.failed, votes=decision.verdict.votes)
    return decision


async def publish(
    call: Call, query: VerificationQuery, decision: Decision, *, segments: list[dict[str, Any]] | None = None
) -> None:
    """Counts a verification, shows it to whoever watches, and tells the monitor.

    A bug in any of these is logged and keeps no decision back: it is made, and recorded, by then. But what was not told to the
    monitor was not watched, so every promise is suspended, and the next answers are verified by nobody's promise.

    Args:
        call: who asked.
        query: what was asked; its texts are shown only where the tenant shows them.
        decision: what the guard decided.
        segments: of a fine-grained check.

    Raises:
        StateError: other replicas cannot be told in time. What they do not know of must not be acted on.
    """
    at = call.state.instruments.wall_clock()
    item = seen = None
    with _logged(call):
        call.state.metrics.verification(decision.verdict, decision.failed)
        item = _item(call, query, decision, segments, at)
    with _logged(call):
        seen = _observation(query, decision, at)
    with _logged(call):
        event = Verified(decision.request_id, seen, _called_unsafe(decision), item, at)
        await call.state.watch(call.tenant, event, call.request_id)
    if seen is not None:
        with _logged(call):
            offer_afresh(call, decision.request_id, query.exchange, seen)


@contextmanager
def _logged(call: Call) -> Iterator[None]:
    try:
        yield
    except StateError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, see publish
        call.state.log_failure(error, call.request_id)


def _item(
    call: Call, query: VerificationQuery, decision: Decision, segments: list[dict[str, Any]] | None, at: float
) -> FeedItem:
    texts = call.parts.show_texts
    return FeedItem(
        at=rfc3339(at),
        agent_id=query.agent_id,
        session_id=query.session_id,
        sources=list(query.sources),
        verification=VerifyResponse.of(decision),
        prompt=text_of(query.exchange.prompt) if texts else None,
        response=query.exchange.answer if texts else None,
        segments=segments if texts else None,
    )


def _observation(query: VerificationQuery, decision: Decision, at: float) -> Observation:
    return replace(
        observation_of(decision.verdict, at),
        safe=decision.safe,
        enforced=decision.enforced,
        agent=query.agent_id,
        session=query.session_id,
        sources=query.sources,
    )


def _called_unsafe(decision: Decision) -> bool | None:
    """Whether the verifiers called the answer unsafe; ``None`` where they agreed on nothing, or a stage failed."""
    agreed = decision.verdict.consensus_reached and decision.failed is None
    return not decision.safe if agreed else None


def require_members(call: Call, query: VerificationQuery) -> None:
    """Makes sure that the verifiers a query names are configured, and enough.

    Raises:
        Refused: one is not configured (404), is named twice, or they are fewer than the quorum (422).
    """
    if query.members is not None:
        council = call.parts.guard.council
        try:
            council.only(query.members)
        except InputError as error:
            known = {member.key for member in council.configured}
            raise Refused(422 if known.issuperset(query.members) else 404, str(error)[:500]) from error
