"""What the feed keeps of a verification or an alarm, and how it is sent: made when somebody looks, as mostly nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from foureyes.monitoring import Alarm
from foureyes.service.answers import answer_of
from foureyes.service.wire.decisions import AlarmItem, FeedItem

if TYPE_CHECKING:
    from foureyes.guard import Decision

__all__ = ["Told", "shown", "verification_item"]


@dataclass(frozen=True, slots=True)
class Told:
    """A verification that is over.

    Attributes:
        at: when, seconds since 1970.
        agent: who wants to act on the answer.
        decision: what came of it.
        prompt, response: the texts; ``None`` unless the tenant shows them.
        segments: of a fine-grained check, under the same condition.
    """

    at: float
    agent: str | None
    decision: Decision
    prompt: str | None = None
    response: str | None = None
    segments: list[dict[str, Any]] | None = None


def shown(happened: Told | Alarm) -> FeedItem | AlarmItem:
    """One of the two, as it is sent."""
    return verification_item(happened) if isinstance(happened, Told) else _alarm_item(happened)


def verification_item(told: Told) -> FeedItem:
    """A verification, as it is sent."""
    return FeedItem(
        at=_rfc3339(told.at),
        agent_id=told.agent,
        answer=answer_of(told.decision),
        prompt=told.prompt,
        response=told.response,
        segments=told.segments,
    )


def _alarm_item(alarm: Alarm) -> AlarmItem:
    return AlarmItem(
        at=_rfc3339(alarm.at),
        key=alarm.key,
        kind=alarm.kind,
        statement=alarm.statement,
        false_alarms=alarm.false_alarms,
        resume=alarm.resume,
    )


def _rfc3339(at: float) -> str:
    """A moment in seconds since 1970 as RFC 3339 in UTC, to the millisecond.

    Example:
        >>> _rfc3339(0.0)
        '1970-01-01T00:00:00.000+00:00'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
