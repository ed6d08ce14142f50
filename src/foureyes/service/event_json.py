"""Events of a tenant as they stand in the journal that replicas share: bytes of JSON, each like no other.

No text of an exchange is in it, nor any of a verifier's, unless the tenant shows texts. Start at :func:`encode`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
from pydantic import BaseModel, ValidationError

from foureyes.errors import InputError
from foureyes.guard.gate import ActionOutcome
from foureyes.monitoring import FreshReading, Observation
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
from foureyes.types import new_id

__all__ = ["decode", "encode"]

_LARGEST: Final = 1 << 20
"""Bytes of an event; the texts of a larger one are left out."""


def encode(event: TenantEvent, *, texts: bool) -> bytes:
    """An event as bytes.

    Args:
        event: what happened.
        texts: whether what a verifier said, and what the feed shows of an exchange, is kept.
    """
    raw = _written(event if texts else _without_words(event))
    return raw if len(raw) <= _LARGEST else _written(_without_texts(_without_words(event)))


def decode(raw: bytes, at: float) -> TenantEvent:
    """Reads what :func:`encode` wrote.

    Args:
        raw: the bytes.
        at: when it happened, by the clock of the place where it stands, seconds since 1970.

    Raises:
        InputError: no such event.
    """
    try:
        document = orjson.loads(raw)
        return _READ[document["kind"]](document["event"], at)
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError) as error:
        raise InputError(f"not an event of a tenant: {raw[:60]!r}") from error


def _written(event: TenantEvent) -> bytes:
    return orjson.dumps({"id": new_id(), "kind": _KINDS[type(event)], "event": event}, default=_model)


def _model(value: Any) -> orjson.Fragment:
    if isinstance(value, BaseModel):
        return orjson.Fragment(value.model_dump_json())
    raise TypeError(type(value).__name__)


def _without_words(event: TenantEvent) -> TenantEvent:
    """The same without what verifiers said: it may quote the exchange. What is said of an error is ours."""
    if not isinstance(event, Verified) or event.item is None:
        return event
    verdict = event.item.verification
    votes = [vote if vote.verdict == "error" else vote.model_copy(update={"reason": ""}) for vote in verdict.votes]
    shown = event.item.model_copy(update={"verification": verdict.model_copy(update={"votes": votes})})
    return replace(event, item=shown)


def _without_texts(event: TenantEvent) -> TenantEvent:
    if not isinstance(event, Verified) or event.item is None:
        return event
    return replace(event, item=event.item.model_copy(update={"prompt": None, "response": None, "segments": None}))


def _verified(document: dict[str, Any], at: float) -> Verified:
    seen, item = document["seen"], document["item"]
    if seen is not None:
        seen["at"] = at
    if item is not None:
        item["at"] = rfc3339(at)
    return Verified(
        document["verification"],
        None if seen is None else Observation.from_dict(seen),
        document["unsafe"],
        None if item is None else FeedItem.model_validate(item),
        at,
    )


def _outcome(document: Mapping[str, Any]) -> ActionOutcome:
    return ActionOutcome(**document)


_KINDS: Final[Mapping[type[TenantEvent], str]] = {
    Verified: "verified",
    OutcomeReported: "outcome",
    ActionReported: "action",
    ReadAfresh: "fresh",
    Suspended: "suspended",
    Acknowledged: "acknowledged",
}
_READ: Final[Mapping[str, Callable[[dict[str, Any], float], TenantEvent]]] = {
    "verified": _verified,
    "outcome": lambda event, at: OutcomeReported(event["verification"], _outcome(event["outcome"]), at),
    "action": lambda event, at: ActionReported(event["agent"], _outcome(event["outcome"]), at),
    "fresh": lambda event, at: ReadAfresh(FreshReading.from_dict({**event["reading"], "at": at})),
    "suspended": lambda event, at: Suspended(event["reason"], at),
    "acknowledged": lambda event, at: Acknowledged(event["key"], at),
}
