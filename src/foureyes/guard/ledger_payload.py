"""What the ledger keeps of a verification: who voted what, and hashes of the texts. Never a text.

Reasons are left out: judges write them and may quote the exchange in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from foureyes.guard.protocols import Json
from foureyes.types import Exchange, Prompt, Verdict, Vote

__all__ = ["EVENT", "verification_payload"]

EVENT: Final = "cross_model_verification"


def verification_payload(exchange: Exchange, verdict: Verdict, text_hash: Callable[[str], str]) -> dict[str, Json]:
    """The payload of a ledger entry: hashes of the texts, the votes and the verdict.

    Args:
        exchange: as the caller sent it, so that the caller can prove what was asked.
        verdict: what the council came to.
        text_hash: salted, of a text.

    Returns:
        A JSON object without any text of the exchange or of a verifier.
    """
    return {
        "prompt_hash": text_hash(_words(exchange.prompt)),
        "response_hash": text_hash(exchange.answer),
        "consensus_reached": verdict.consensus_reached,
        "safe": verdict.safe,
        "agreement_ratio": verdict.agreement_ratio,
        "latency_ms": verdict.latency_ms,
        "votes": [_vote(vote) for vote in verdict.votes],
    }


def _vote(vote: Vote) -> Mapping[str, Json]:
    return {
        "provider": vote.provider,
        "model": vote.model,
        "verdict": vote.verdict,
        "confidence": vote.confidence,
        "latency_ms": vote.latency_ms,
    }


def _words(prompt: Prompt) -> str:
    """A prompt as what its hash is of: the text itself, or the turns as JSON, so that no text can pass for turns."""
    if isinstance(prompt, str):
        return prompt
    return json.dumps([[turn.role, turn.content] for turn in prompt], ensure_ascii=False, separators=(",", ":"))
