"""What the ledger keeps of a routed answer: who was asked, what was decided, and salted hashes of the texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from foureyes.guard.ledger_payload import conversation_text
from foureyes.guard.protocols import Json, Recorder
from foureyes.route.outcome import RoutedAnswer, RouteRequest, RouteStage
from foureyes.types import Unscored

__all__ = ["EVENT", "RESUMED", "resumed_payload", "route_payload"]

EVENT: Final = "routed_answer"
RESUMED: Final = "promise_resumed"


def route_payload(request: RouteRequest, answer: RoutedAnswer, recorder: Recorder, tenant: str) -> dict[str, Json]:
    """The payload of a ledger entry, without any text of the request or of an answer.

    Args:
        request: as the caller sent it, so that the caller can prove what was asked.
        answer: what became of it.
        recorder: hashes texts with the tenant's salt.
        tenant: whose request this is.

    Returns:
        A JSON object. ``response_hash`` is of the returned ``choices`` as JSON with sorted keys and without white space; ``None`` where nothing
        is returned.
    """
    returned = None if answer.reply is None else _compact(answer.reply["choices"])
    return {
        "request_id": answer.request_id,
        "tenant": tenant,
        "route": answer.route,
        "action": answer.action,
        "enforced": answer.enforced,
        "confidence": _number(answer.confidence),
        "reason": answer.reason,
        "prompt_hash": recorder.text_hash(tenant, conversation_text(request.messages)),
        "response_hash": None if returned is None else recorder.text_hash(tenant, returned),
        "stages": [_stage(stage, recorder, tenant) for stage in answer.stages],
    }


def resumed_payload(route: str, tenant: str, why: str, *, by: str, note: str) -> dict[str, Json]:
    """The payload of the entry that says that somebody let a suspended promise hold again.

    Args:
        route: its name.
        tenant: whose ledger it is.
        why: it had been suspended.
        by: whose word it is.
        note: that person's words.
    """
    return {"tenant": tenant, "route": route, "suspended_for": why, "by": by, "note": note}


def _stage(stage: RouteStage, recorder: Recorder, tenant: str) -> Mapping[str, Json]:
    seen = None if stage.chosen is None else stage.candidates[stage.chosen]
    kept: dict[str, Json] = {
        "writer": stage.writer,
        "model": stage.model,
        "action": stage.action,
        "failure": stage.failure,
        "confidence": None if seen is None else _number(seen.confidence),
        "answer_hash": None if seen is None else recorder.text_hash(tenant, seen.turn.content),
        "cost": stage.cost,
    }
    if stage.council is not None:
        kept["council_safe"] = stage.council.safe
        kept["votes"] = [
            {"provider": vote.provider, "model": vote.model, "verdict": vote.verdict} for vote in stage.council.votes
        ]
    return kept


def _number(value: float | Unscored) -> float | None:
    return None if isinstance(value, Unscored) else value


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
