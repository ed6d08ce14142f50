"""Events of a tenant as a service makes them."""

from __future__ import annotations

from foureyes.guard.gate import ActionOutcome
from foureyes.monitoring import FreshReading, Observation, ObservedVote
from foureyes.service.tenant_events import (
    Acknowledged,
    ActionReported,
    OutcomeReported,
    ReadAfresh,
    Suspended,
    TenantEvent,
    Verified,
)
from foureyes.service.wire.decisions import FeedItem, rfc3339
from foureyes.service.wire.guard import VerifyResponse, VoteItem

AT = 1_800_000_000.0


def verified(
    name: str, *, agent: str | None = "agent-7", unsafe: bool = False, confidence: float = 0.9, at: float = AT
) -> Verified:
    """A verification by one verifier, with words of its own in its reason."""
    verdict = "unsafe" if unsafe else "safe"
    seen = Observation(
        at,
        safe=not unsafe,
        consensus=True,
        opinions=(ObservedVote("p/a", verdict, confidence, 1.25, 3.0), ObservedVote("p/b", "error")),
        confidence=confidence,
        latency_ms=4.0,
        agent=agent,
        session="chat-7",
        sources=("notes",),
    )
    return Verified(name, seen, unsafe, _item(name, seen, verdict), at)


def _item(name: str, seen: Observation, verdict: str) -> FeedItem:
    votes = [
        {"provider": "p", "model": "a", "verdict": verdict, "confidence": 0.5, "reason": "canary", "latency_ms": 3.0},
        {"provider": "p", "model": "b", "verdict": "error", "confidence": None, "reason": "was not done in time"}
        | {"latency_ms": 1.0},
    ]
    response = VerifyResponse(
        consensus_reached=True,
        safe=seen.safe,
        votes=[VoteItem.model_validate(vote) for vote in votes],
        configured=2,
        asked=2,
        agreement_ratio=0.5,
        latency_ms=4.0,
        reason="1 of 2 verifiers",
        request_id=name,
        stage=None,
        enforced=True,
        ledger_entry=None,
    )
    return FeedItem(
        at=rfc3339(seen.at),
        agent_id=seen.agent,
        session_id=seen.session,
        sources=list(seen.sources),
        verification=response,
        prompt="canary prompt",
        response="canary response",
    )


def one_of_each() -> list[TenantEvent]:
    """Every kind of event."""
    return [
        verified("v-1"),
        verified("v-2", unsafe=True, agent=None),
        Verified("v-3", None, None, None, AT),
        OutcomeReported("v-1", ActionOutcome(correct=False, confidence=0.25, harmful=True), AT),
        ActionReported("agent-8", ActionOutcome(correct=True), AT),
        ReadAfresh(FreshReading(AT, 0.5, differs=True, agent="agent-7", session="chat-7", sources=("notes",))),
        Suspended("the monitor failed", AT),
        Acknowledged("drift:confidence", AT),
    ]
