"""Whether an agent may act on its own, and reports of what came of its actions. The gate decides; this translates."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from foureyes.guard.gate import ActionOutcome
from foureyes.service.access import Verifying
from foureyes.service.problems import Refused
from foureyes.service.wire.decisions import (
    ActionCheckRequest,
    ActionCheckResponse,
    ActionScores,
    OutcomeRequest,
    OutcomeResponse,
)

__all__ = ["add"]


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.post("/v1/decisions/check", tags=["decisions"], summary="Whether an agent may act on its own")(check)
    router.post("/v1/decisions/outcomes", tags=["decisions"], summary="Report what came of an action")(outcome)


async def check(call: Verifying, body: ActionCheckRequest) -> ActionCheckResponse:
    """`allow`, `review` (a person decides) or `deny`, from what came of the agent's earlier actions.

    An agent nobody knows is reviewed. What the action is, is for the caller's logs; the decision is about the agent.
    """
    decision = call.tenant.gate.decide(body.agent_id)
    return ActionCheckResponse(
        request_id=call.request_id,
        agent_id=body.agent_id,
        decision=decision.action,
        reason_code=decision.code,
        reasons=list(decision.reasons),
        scores=ActionScores(**asdict(decision.record)),
    )


async def outcome(call: Verifying, body: OutcomeRequest) -> OutcomeResponse:
    """Counts towards the agent's record; with `verification_id`, also towards the monitor's measured accuracy."""
    if body.verification_id is not None:
        alarms = call.tenant.report(body.verification_id, right=body.correct, at=call.state.instruments.wall_clock())
        if alarms is None:
            raise Refused(404, "no such verification is remembered; leave verification_id out")
        call.state.alarm(alarms)
    counted = call.tenant.gate.report(body.agent_id, ActionOutcome(body.correct, body.confidence, body.harmful))
    return OutcomeResponse(agent_id=body.agent_id, outcomes=counted)
