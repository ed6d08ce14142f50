"""A decision as it is sent: plain values for JSON, or the checked model of the same shape where it is part of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foureyes.service.wire.guard import VerifyResponse, VoteItem

if TYPE_CHECKING:
    from foureyes.guard import Decision
    from foureyes.guard.protocols import RecordReceipt
    from foureyes.types import Vote

__all__ = ["answer_of", "plain", "vote_answer"]


def plain(decision: Decision) -> dict[str, Any]:
    """The members of a :class:`~foureyes.service.wire.guard.VerifyResponse`, for JSON: a model takes longer to make."""
    verdict = decision.verdict
    return {
        "consensus_reached": verdict.consensus_reached,
        "safe": decision.safe,
        "votes": [_vote(vote) for vote in verdict.votes],
        "agreement_ratio": verdict.agreement_ratio,
        "latency_ms": verdict.latency_ms,
        "reason": verdict.reason,
        "request_id": decision.request_id,
        "stage": decision.failed,
        "enforced": decision.enforced,
        "ledger_entry": _entry(decision.receipt),
    }


def answer_of(decision: Decision) -> VerifyResponse:
    """The same as a model."""
    return VerifyResponse.model_validate(plain(decision))


def vote_answer(vote: Vote) -> VoteItem:
    """A vote as it is sent."""
    return VoteItem.model_validate(_vote(vote))


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "provider": vote.provider,
        "model": vote.model,
        "verdict": vote.verdict,
        "confidence": vote.confidence,
        "reason": vote.reason,
        "latency_ms": vote.latency_ms,
    }


def _entry(receipt: RecordReceipt | None) -> dict[str, Any] | None:
    if receipt is None:
        return None
    return {
        "index": receipt.index,
        "entry_hash": receipt.entry_hash,
        "timestamp": receipt.timestamp,
        "log_id": receipt.log_id,
    }
