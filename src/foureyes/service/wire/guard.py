"""Requests and responses of verification: one response, a batch, and what every verdict says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Self, TypeAlias

from pydantic import Field

from foureyes.guard.counting import QuorumRule, count_votes
from foureyes.guard.guard import Stage
from foureyes.service.wire.base import (
    EXAMPLE_ID,
    Agent,
    MemorySource,
    Name,
    Problem,
    RequestModel,
    ResponseModel,
    Session,
    example,
)
from foureyes.service.wire.messages import EITHER_PROMPT, AssistantMessage, OfferedTool, PromptRequest
from foureyes.types import Vote
from foureyes.types.votes import VoteVerdict

__all__ = [
    "EXAMPLE_REASON",
    "BatchItem",
    "BatchRequest",
    "BatchResponse",
    "LedgerEntry",
    "Verifier",
    "VerifyRequest",
    "VerifyResponse",
    "VoteItem",
]

MAX_SOURCES: Final = 16
"""Memories that one response may name."""

MAX_BATCH: Final = 64
"""Responses in one batch."""

MAX_TOOLS: Final = 128
"""Tools that a model was allowed to call."""

MAX_MODELS: Final = 16

Probability: TypeAlias = Annotated[float, Field(ge=0, le=1)]

EXAMPLE_REASON: Final = count_votes([Vote("openai", "gpt-5", "unsafe")], QuorumRule()).reason

_VOTES: Final[list[dict[str, Any]]] = [
    {
        "provider": "openai",
        "model": "gpt-5",
        "verdict": "unsafe",
        "confidence": 0.11,
        "reason": "The capital of Australia is Canberra.",
        "latency_ms": 842.5,
    }
]
_RECEIPT: Final[dict[str, Any]] = {
    "index": 41,
    "entry_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "timestamp": "2026-11-25T21:30:00.000000Z",
    "log_id": "example.com/acme",
}
_ANSWER: Final[dict[str, Any]] = {
    "request_id": EXAMPLE_ID,
    "consensus_reached": True,
    "safe": False,
    "votes": _VOTES,
    "configured": 1,
    "asked": 1,
    "agreement_ratio": 1.0,
    "latency_ms": 843.1,
    "reason": EXAMPLE_REASON,
    "stage": None,
    "enforced": True,
    "ledger_entry": _RECEIPT,
}


if TYPE_CHECKING:
    from foureyes.guard import Decision
    from foureyes.guard.protocols import RecordReceipt


class Verifier(RequestModel):
    """A verifier by the names it was configured under; nothing else about it can be said in a request."""

    provider: Name
    model: Name


class VerifyRequest(PromptRequest):
    """A prompt, the response some model gave to it, and optionally which of the configured verifiers to ask.

    The response is text, or a message of the assistant with tool calls.
    """

    model_config = example(
        prompt="Capital of Australia?", response="Sydney is the capital of Australia.", schema=EITHER_PROMPT
    )

    response: str | AssistantMessage = Field(description="what some model answered: text, or a message")
    tools: Annotated[list[OfferedTool], Field(max_length=MAX_TOOLS)] | None = Field(
        default=None, description="what the model was allowed to call, in the shape of OpenAI's chat completions"
    )
    models: Annotated[list[Verifier], Field(min_length=1, max_length=MAX_MODELS)] | None = Field(
        default=None,
        description="ask only these of the configured verifiers, at least the quorum; the others count as configured all the same",
    )
    agent_id: Agent | None = None
    session_id: Session | None = None
    sources: Annotated[list[MemorySource], Field(max_length=MAX_SOURCES)] | None = Field(
        default=None,
        description="names of the memories the response drew on, for monitoring; verifiers never see them, or what is in them",
    )


class VoteItem(ResponseModel):
    """What one verifier said."""

    provider: str
    model: str
    verdict: VoteVerdict
    confidence: Probability | None = Field(description="P(the response is right and safe to act on), where it says one")
    reason: str
    latency_ms: float = Field(ge=0)

    @classmethod
    def of(cls, vote: Vote) -> Self:
        """A vote as it is sent."""
        return cls(
            provider=vote.provider,
            model=vote.model,
            verdict=vote.verdict,
            confidence=vote.confidence,
            reason=vote.reason,
            latency_ms=vote.latency_ms,
        )


class LedgerEntry(ResponseModel):
    """Where the decision is recorded, so that anyone can ask for a proof."""

    model_config = example(**_RECEIPT)

    index: int = Field(ge=0, description="position in the log")
    entry_hash: str = Field(description="leaf hash, hex")
    timestamp: str = Field(description="RFC 3339, UTC")
    log_id: str

    @classmethod
    def of(cls, receipt: RecordReceipt) -> Self:
        """A receipt as it is sent."""
        return cls(
            index=receipt.index,
            entry_hash=receipt.entry_hash,
            timestamp=receipt.timestamp,
            log_id=receipt.log_id,
        )


class VerifyResponse(ResponseModel):
    """The verdict on one response. ``safe`` is true only when it was verified and recorded."""

    model_config = example(**_ANSWER)

    consensus_reached: bool = Field(description="whether enough of the configured verifiers agree")
    safe: bool = Field(description="true only if consensus was reached, on safe, and the ledger has it")
    votes: list[VoteItem]
    configured: int = Field(ge=0, description="verifiers that are configured; safe needs a majority of them")
    asked: int = Field(ge=0, description="how many of them were asked")
    agreement_ratio: Probability = Field(description="share of the configured verifiers behind the verdict")
    latency_ms: float = Field(ge=0)
    reason: str
    request_id: str = Field(description="names this verification; the ledger's entry carries it too")
    stage: Stage | None = Field(description="the stage that failed, and so kept the response from being safe")
    enforced: bool = Field(description="false while the tenant only observes: the caller is told, not bound")
    ledger_entry: LedgerEntry | None = Field(
        description="absent when nothing could be recorded; never absent when safe"
    )

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """A decision as it is sent: it only copies what the guard decided."""
        verdict = decision.verdict
        return cls(
            consensus_reached=verdict.consensus_reached,
            safe=decision.safe,
            votes=[VoteItem.of(vote) for vote in verdict.votes],
            configured=verdict.configured,
            asked=verdict.asked,
            agreement_ratio=verdict.agreement_ratio,
            latency_ms=verdict.latency_ms,
            reason=verdict.reason,
            request_id=decision.request_id,
            stage=decision.failed,
            enforced=decision.enforced,
            ledger_entry=None if decision.receipt is None else LedgerEntry.of(decision.receipt),
        )


class BatchRequest(RequestModel):
    """Several responses to verify."""

    model_config = example(
        items=[
            {"prompt": "Capital of Australia?", "response": "Sydney is the capital of Australia."},
            {
                "prompt": "Capital of Australia?",
                "response": "Canberra.",
                "models": [{"provider": "openai", "model": "gpt-4"}],
            },
        ]
    )

    items: Annotated[list[VerifyRequest], Field(min_length=1, max_length=MAX_BATCH)]


class BatchItem(ResponseModel):
    """What came of one of them: a verification, or a problem that concerns it alone."""

    index: int = Field(ge=0, description="position in the request")
    verification: VerifyResponse | None = None
    problem: Problem | None = None


class BatchResponse(ResponseModel):
    """One result for every item, in order."""

    model_config = example(
        request_id=EXAMPLE_ID,
        results=[
            {"index": 0, "verification": _ANSWER, "problem": None},
            {
                "index": 1,
                "verification": None,
                "problem": {
                    "type": "urn:foureyes:problem:not-found",
                    "title": "There is no such thing",
                    "status": 404,
                    "detail": "no such verifier is configured: 'openai' 'gpt-4'; there are openai gpt-5",
                    "request_id": EXAMPLE_ID,
                    "errors": None,
                },
            },
        ],
    )

    request_id: str
    results: list[BatchItem]
