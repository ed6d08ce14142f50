"""Events of a tenant as they stand in the journal that replicas share: a line of JSON each, like no other.

What only the page shows of a verification stands on a second line, which nobody reads until somebody looks. No text of an
exchange is in it, nor any of a verifier's, unless the tenant shows texts. Start at :func:`encode`.

The rule for changes: whatever counts (a kind, a field of what the monitor or the gate takes) is read by every replica or by none,
as replicas that left out what they did not know would come to know different things. So a change of it gets the next
:data:`FORMAT`, and a replica that does not know that format refuses the event. What only the page shows may have more
fields than a replica knows; it leaves them out, and passes over what it cannot read at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import orjson
from pydantic import ValidationError

from foureyes.errors import InputError, StateError
from foureyes.guard.gate import ActionOutcome
from foureyes.monitoring import FreshReading, Observation
from foureyes.service.feed import Later
from foureyes.service.formats import NewerFormat, require_known
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

__all__ = ["FORMAT", "decode", "encode"]

FORMAT: Final = 1
"""Of what counts in an event."""

_LARGEST: Final = 1 << 20
"""Bytes of an event; the texts of a larger one are left out."""


def encode(event: TenantEvent, *, texts: bool) -> bytes:
    """An event as bytes, at most 1 MiB of them.

    Args:
        event: what happened.
        texts: whether what a verifier said, and what the feed shows of an exchange, is kept.

    Raises:
        InputError: it is larger even without texts.
    """
    raw = _written(event if texts else _without_words(event))
    if len(raw) > _LARGEST:
        raw = _written(_without_texts(_without_words(event)))
    if len(raw) > _LARGEST:
        raise InputError(f"an event has at most {_LARGEST:,} bytes; got {len(raw):,}")
    return raw


def decode(raw: bytes, at: float) -> TenantEvent:
    """Reads what :func:`encode` wrote.

    Args:
        raw: the bytes.
        at: when it happened, by the clock of the place where it stands, seconds since 1970.

    Raises:
        NewerFormat: it has a format that this version does not know.
        InputError: no such event.
    """
    told, _, shown = raw.partition(b"\n")
    try:
        document = orjson.loads(told)
        require_known("an event of format", document["format"], FORMAT)
        if document["kind"] == "verified":
            return _verified(document["event"], shown, at)
        return _READ[document["kind"]](document["event"], at)
    except NewerFormat:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"not an event of a tenant: {raw[:60]!r}") from error


def _written(event: TenantEvent) -> bytes:
    told, item = (replace(event, item=None), event.item) if isinstance(event, Verified) else (event, None)
    head = orjson.dumps({"id": new_id(), "format": FORMAT, "kind": _KINDS[type(event)], "event": told})
    return head if item is None else head + b"\n" + _made(item).model_dump_json().encode()


def _made(item: FeedItem | Later[FeedItem]) -> FeedItem:
    return item.value if isinstance(item, Later) else item


def _without_words(event: TenantEvent) -> TenantEvent:
    """The same without what verifiers said: it may quote the exchange. What is said of an error is ours."""
    if not isinstance(event, Verified) or event.item is None:
        return event
    item = _made(event.item)
    verdict = item.verification
    votes = [vote if vote.verdict == "error" else vote.model_copy(update={"reason": ""}) for vote in verdict.votes]
    shown = item.model_copy(update={"verification": verdict.model_copy(update={"votes": votes})})
    return replace(event, item=shown)


def _without_texts(event: TenantEvent) -> TenantEvent:
    if not isinstance(event, Verified) or event.item is None:
        return event
    without = {"prompt": None, "response": None, "segments": None}
    return replace(event, item=_made(event.item).model_copy(update=without))


def _verified(document: dict[str, Any], shown: bytes, at: float) -> Verified:
    if (seen := document["seen"]) is not None:
        seen["at"] = at
    return Verified(
        document["verification"],
        None if seen is None else Observation.from_dict(seen),
        document["unsafe"],
        Later(partial(_shown, shown, at)) if shown else None,
        at,
    )


def _shown(raw: bytes, at: float) -> FeedItem:
    """What the page shows, once somebody looks.

    Raises:
        StateError: it cannot be read.
    """
    try:
        return FeedItem.model_validate_json(raw).model_copy(update={"at": rfc3339(at)})
    except ValidationError as error:
        raise StateError(f"what the page shows of the verification at {rfc3339(at)} cannot be read") from error


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
    "outcome": lambda event, at: OutcomeReported(event["verification"], _outcome(event["outcome"]), at),
    "action": lambda event, at: ActionReported(event["agent"], _outcome(event["outcome"]), at),
    "fresh": lambda event, at: ReadAfresh(FreshReading.from_dict({**event["reading"], "at": at})),
    "suspended": lambda event, at: Suspended(event["reason"], at),
    "acknowledged": lambda event, at: Acknowledged(event["key"], at),
}
