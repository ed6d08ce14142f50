"""Requests and responses about an agent's actions (may it act, what came of it), and the items of the feed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Self, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, model_validator

from foureyes.guard.gate import GateAction, GateReason
from foureyes.service.wire.base import EXAMPLE_ID, Agent, Name, RequestModel, ResponseModel, Session, example
from foureyes.service.wire.guard import VerifyResponse

if TYPE_CHECKING:
    from foureyes.monitoring import Alarm

__all__ = [
    "ActionCheckRequest",
    "ActionCheckResponse",
    "ActionScores",
    "AlarmItem",
    "DecisionSearch",
    "DecisionsResponse",
    "FeedItem",
    "OutcomeRequest",
    "OutcomeResponse",
]


def rfc3339(at: float) -> str:
    """A moment in seconds since 1970 as RFC 3339 in UTC, to the millisecond.

    Example:
        >>> rfc3339(0.0)
        '1970-01-01T00:00:00.000+00:00'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


class ActionCheckRequest(RequestModel):
    """What an agent is about to do."""

    model_config = example(agent_id="agent-7", action_type="tool_call", resource_type="send_email")

    agent_id: Agent
    action_type: Name = Field(examples=["tool_call"])
    resource_type: Name | None = Field(default=None, examples=["send_email"])


Score: TypeAlias = Annotated[float, Field(ge=0, le=1), AfterValidator(lambda score: round(score, 4))]


class ActionScores(ResponseModel):
    """What is known of an agent; null where nothing is."""

    outcomes: int = Field(ge=0, description="how many are counted")
    reliability: Score | None = Field(description="share that was right")
    reliability_low: Score = Field(description="lower end of the 95 % interval of it")
    reliability_high: Score = Field(description="upper end of the 95 % interval of it")
    risk: Score | None = Field(description="share that did harm")
    brier: Score | None = Field(description="mean Brier score of the confidence stated")
    verifications: int = Field(ge=0, description="answers that verifiers agreed on, and no outcome was reported of")
    unsafe: Score | None = Field(description="share of these that they called unsafe")
    unsafe_low: Score = Field(description="lower end of the 95 % interval of it")


class ActionCheckResponse(ResponseModel):
    """Whether it may, with reasons a person can read and a code a program can."""

    model_config = example(
        request_id=EXAMPLE_ID,
        agent_id="agent-7",
        decision="review",
        reason_code="too_few_outcomes",
        reasons=[
            "3 outcomes are known; a decision needs 20",
            "reliability lies between 0.29 and 1.00; wanted 0.80",
        ],
        scores={
            "outcomes": 3,
            "reliability": 1.0,
            "reliability_low": 0.2924,
            "reliability_high": 1.0,
            "risk": 0.0,
            "brier": 0.01,
            "verifications": 0,
            "unsafe": None,
            "unsafe_low": 0.0,
        },
    )

    request_id: str
    agent_id: str
    decision: GateAction
    reason_code: GateReason
    reasons: list[str]
    scores: ActionScores = Field(description="what the decision rests on")


_OF_WHAT: Final[dict[str, Any]] = {
    "anyOf": [
        {"required": [one], "properties": {one: {"not": {"type": "null"}}}} for one in ("agent_id", "verification_id")
    ]
}
"""What a schema says of an outcome: it is an agent's, a verification's, or both."""


class OutcomeRequest(RequestModel):
    """What came of an action: whether it was right, and how sure the agent had been."""

    model_config = example(_OF_WHAT, agent_id="agent-7", correct=True, confidence=0.9, harmful=False)

    agent_id: Agent | None = Field(default=None, description="whose action it was; known by a verification_id already")
    correct: bool
    confidence: Annotated[float, Field(ge=0, le=1, strict=False)] | None = Field(
        default=None, description="the agent's own P(correct) at the time"
    )
    harmful: bool = Field(default=False, description="whether it did damage")
    verification_id: Name | None = Field(
        default=None, description="request_id of the verification this is about; it has one outcome"
    )

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.agent_id is None and self.verification_id is None:
            raise ValueError("wanted an agent_id, a verification_id, or both")
        return self


class OutcomeResponse(ResponseModel):
    """That the outcome counts from now on."""

    model_config = example(agent_id="agent-7", outcomes=4)

    agent_id: str | None
    outcomes: int = Field(ge=0, description="outcomes now known of this agent")


class FeedItem(ResponseModel):
    """A verification as the dashboard shows it. Texts only where the tenant's configuration shows them (the demo's does)."""

    at: str = Field(description="RFC 3339, UTC")
    agent_id: str | None
    session_id: str | None = None
    sources: list[str] = Field(default=[], description="memories the response drew on")
    verification: VerifyResponse
    prompt: str | None = None
    response: str | None = None
    segments: list[dict[str, Any]] | None = Field(default=None, description="of a fine-grained check")


class AlarmItem(ResponseModel):
    """An alarm of the monitor."""

    at: str = Field(description="RFC 3339, UTC")
    key: str
    kind: str
    statement: str
    false_alarms: str = Field(description="how often such an alarm is raised for nothing")
    resume: str = Field(description="what ends it")
    tenant: str | None = None
    agent_id: str | None = Field(default=None, description="whose decision it was raised at")
    session_id: str | None = Field(default=None, description="in which that was")

    @classmethod
    def of(cls, alarm: Alarm) -> Self:
        """An alarm as it is sent."""
        return cls(
            at=rfc3339(alarm.at),
            key=alarm.key,
            kind=alarm.kind,
            statement=alarm.statement,
            false_alarms=alarm.false_alarms,
            resume=alarm.resume,
            tenant=alarm.tenant,
            agent_id=alarm.agent,
            session_id=alarm.session,
        )


def _written(value: Any) -> Any:
    """Date and time as RFC 3339 writes them; pydantic would take a number for seconds since 1970."""
    if isinstance(value, str) and "t" not in value.lower():
        raise ValueError("wanted RFC 3339, as 2027-01-31T08:00:00Z")
    return value


MomentOfQuery: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_written), Field(strict=False)]


class DecisionSearch(RequestModel):
    """Which of the latest verifications are looked for; every condition given has to hold."""

    limit: Annotated[int, Field(ge=1, le=500, strict=False)] = 50
    request_id: Name | None = Field(default=None, description="of the verification, or how it begins")
    agent_id: Agent | None = None
    session_id: Session | None = None
    since: MomentOfQuery | None = Field(default=None, description="RFC 3339, with a zone")
    until: MomentOfQuery | None = Field(default=None, description="RFC 3339, with a zone")

    def finds(self, item: FeedItem | AlarmItem) -> bool:
        """Whether this is one of them."""
        if not isinstance(item, FeedItem):
            return False
        at = datetime.fromisoformat(item.at)
        return (
            item.verification.request_id.startswith(self.request_id or "")
            and self.agent_id in (None, item.agent_id)
            and self.session_id in (None, item.session_id)
            and (self.since is None or self.since <= at)
            and (self.until is None or at <= self.until)
        )


class DecisionsResponse(ResponseModel):
    """The latest verifications, the newest first."""

    decisions: list[FeedItem]
    remembered: int = Field(ge=0, description="verifications that were searched")
    since: str | None = Field(description="when the oldest of these was made, RFC 3339, UTC; null where there is none")
