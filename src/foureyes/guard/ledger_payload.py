"""What the ledger keeps of a verification: who was asked, who voted what, and salted hashes of the texts.

No text of an exchange is kept. Of a verifier's reason, which may quote the exchange, a hash is kept; its words as well only
where the tenant wants them, and then as the verifier wrote them: with personal data still concealed. Of the tools that an
answer calls, the names are kept, and their arguments are in the hash of the answer.

A key that is new here does not change old entries: their bytes stay what was hashed. Readers take a missing key as not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from foureyes.guard.protocols import Json, Recorder
from foureyes.types import Exchange, Prompt, Verdict, Vote

__all__ = ["EVENT", "conversation_text", "verification_payload"]

EVENT: Final = "cross_model_verification"

_LONGEST_REASON: Final = 2000
_MOST_TOOLS: Final = 32
_TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


def verification_payload(exchange: Exchange, verdict: Verdict, recorder: Recorder, tenant: str) -> dict[str, Json]:
    """The payload of a ledger entry: hashes of the texts, the votes and the verdict.

    Args:
        exchange: as the caller sent it, so that the caller can prove what was asked.
        verdict: what the council came to.
        recorder: hashes texts with the tenant's salt, and says whether reasons are kept in words.
        tenant: whose verification this is.

    Returns:
        A JSON object without any text of the exchange; without any of a verifier unless the recorder keeps reasons in words.
    """
    tools = [call.name for call in exchange.turn.calls] if exchange.turn else []
    return {
        "prompt_hash": recorder.text_hash(tenant, conversation_text(exchange.prompt)),
        "response_hash": recorder.text_hash(tenant, exchange.answer),
        "tool_calls": len(tools),
        "tools": _tool_names(tools, recorder, tenant),
        "consensus_reached": verdict.consensus_reached,
        "safe": verdict.safe,
        "agreement_ratio": verdict.agreement_ratio,
        "latency_ms": verdict.latency_ms,
        "configured": verdict.configured,
        "asked": verdict.asked,
        "unasked": [{"provider": provider, "model": model} for provider, model in verdict.unasked],
        "votes": [_vote(vote, recorder, tenant) for vote in verdict.votes],
    }


def conversation_text(prompt: Prompt) -> str:
    """A prompt as what its hash is of: the text itself, or the turns as JSON, so that no text can pass for turns.

    Example:
        >>> from foureyes.types import Message
        >>> conversation_text((Message("user", "Hi"),))
        '[["user","Hi"]]'
    """
    if isinstance(prompt, str):
        return prompt
    return json.dumps([[turn.role, turn.content] for turn in prompt], ensure_ascii=False, separators=(",", ":"))


def _vote(vote: Vote, recorder: Recorder, tenant: str) -> Mapping[str, Json]:
    kept: dict[str, Json] = {
        "provider": vote.provider,
        "model": vote.model,
        "verdict": vote.verdict,
        "confidence": vote.confidence,
        "latency_ms": vote.latency_ms,
    }
    if vote.reason:
        kept["reason_hash"] = recorder.text_hash(tenant, vote.reason)
        if recorder.clear_reasons:
            kept["reason"] = _shortened(vote.reason)
    return kept


def _shortened(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"


def _tool_names(names: Iterable[str], recorder: Recorder, tenant: str) -> list[str]:
    """Each name once, in order; what is no name of a function, but any text a model wrote, as its hash."""
    several = list(dict.fromkeys(names))[:_MOST_TOOLS]
    return [name if _TOOL_NAME.fullmatch(name) else f"hash:{recorder.text_hash(tenant, name)}" for name in several]
