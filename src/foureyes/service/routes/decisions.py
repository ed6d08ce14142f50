"""Whether an agent may act on its own, and reports of what came of its actions. The gate decides; this translates."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from fastapi import APIRouter

from foureyes.errors import StateError
from foureyes.guard.gate import ActionOutcome
from foureyes.service.access import Call, Reporting, Verifying
from foureyes.service.problems import Refused
from foureyes.service.tenant_events import ActionReported, OutcomeReported
from foureyes.service.wire.decisions import (
    ActionCheckRequest,
    ActionCheckResponse,
    ActionScores,
    OutcomeRequest,
    OutcomeResponse,
)

__all__ = ["add"]

_REPORTED: Final = "an outcome of this verification was reported before; it counts once"
_LATE: Final = "other replicas could not be told in time; the outcome counts as soon as they can be, and twice if it is reported again"


def add(router: APIRouter) -> None:
    """Adds the routes."""
    router.post("/v1/decisions/check", tags=["decisions"], summary="Whether an agent may act on its own")(check)
    router.post("/v1/decisions/outcomes", tags=["decisions"], summary="Report what came of an action")(outcome)


async def check(call: Verifying, body: ActionCheckRequest) -> ActionCheckResponse:
    """`allow`, `review` (a person decides) or `deny`, from what came of the agent's earlier actions and answers.

    An agent nobody knows is reviewed. The configuration may have rules of its own for an action.
    """
    decision = call.tenant.gate.decide(body.agent_id, body.action_type, body.resource_type)
    return ActionCheckResponse(
        request_id=call.request_id,
        agent_id=body.agent_id,
        decision=decision.action,
        reason_code=decision.code,
        reasons=list(decision.reasons),
        scores=ActionScores(**asdict(decision.record)),
    )


async def outcome(call: Reporting, body: OutcomeRequest) -> OutcomeResponse:
    """Counts towards the agent's record; with `verification_id`, also towards the monitor's measured accuracy.

    A verification has one outcome, for the agent it was made for. The key needs the scope `report`: an agent that held it
    would write its own record.
    """
    came, at = ActionOutcome(body.correct, body.confidence, body.harmful), call.state.instruments.wall_clock()
    agent = body.agent_id
    if body.verification_id is not None:
        agent = _agent_of(call, body.verification_id, body.agent_id)
        reported = OutcomeReported(body.verification_id, came, at)
        if (await call.state.watch(call.tenant, reported, call.request_id)).refused:
            raise Refused(409, _REPORTED)
    elif agent is not None:  # as the request's model makes sure
        await _action(call, ActionReported(agent, came, at))
    return _counted(call, agent)


async def _action(call: Call, reported: ActionReported) -> None:
    """Counts it. Nothing tells one report of it from the next, so whoever is not answered in time must not try again."""
    try:
        await call.state.watch(call.tenant, reported, call.request_id)
    except StateError as error:
        raise Refused(503, _LATE) from error


def _counted(call: Call, agent: str | None) -> OutcomeResponse:
    known = 0 if agent is None else call.tenant.gate.record(agent).outcomes
    return OutcomeResponse(agent_id=agent, outcomes=known)


def _agent_of(call: Call, verification: str, named: str | None) -> str | None:
    """The agent that a verification was made for, if an outcome of it can still be reported.

    Raises:
        Refused: it is not remembered (404), has an outcome, or was for another agent than is named (409).
    """
    remembered = call.tenant.records.remembered(verification)
    if remembered is None:
        raise Refused(404, "no such verification is remembered; leave verification_id out")
    if remembered.reported:
        raise Refused(409, _REPORTED)
    if named is not None and named != remembered.seen.agent:
        raise Refused(409, "this verification was not made for that agent; leave agent_id out")
    return remembered.seen.agent
