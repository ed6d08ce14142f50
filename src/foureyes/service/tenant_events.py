"""What happens to a tenant, as values: a verification, an outcome, a reading afresh, a suspension, an acknowledgement.

:class:`~foureyes.service.tenant_records.TenantRecords` takes them in order. Whoever takes the same events in the same order
knows the same, so that is all replicas have to agree on. A newcomer starts at :data:`TenantEvent`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from foureyes.guard.gate import ActionOutcome
from foureyes.monitoring import FreshReading, Observation
from foureyes.service.feed import Later
from foureyes.service.wire.decisions import FeedItem

__all__ = ["Acknowledged", "ActionReported", "OutcomeReported", "ReadAfresh", "Suspended", "TenantEvent", "Verified"]


@dataclass(frozen=True, slots=True)
class Verified:
    """An answer was verified.

    Attributes:
        verification: its name, under which an outcome may be reported later.
        seen: what the monitor is told; ``None`` where that could not be made, so that nothing was watched.
        unsafe: whether the verifiers called the answer unsafe; ``None`` where they agreed on nothing.
        item: what the feed shows, or what makes it for whoever looks; ``None`` where that could not be made.
        at: when, in seconds since 1970.
    """

    verification: str
    seen: Observation | None
    unsafe: bool | None
    item: FeedItem | Later[FeedItem] | None
    at: float


@dataclass(frozen=True, slots=True)
class OutcomeReported:
    """What came of a verification.

    Attributes:
        verification: its name.
        outcome: what came of it.
        at: when it was reported, seconds since 1970.
    """

    verification: str
    outcome: ActionOutcome
    at: float


@dataclass(frozen=True, slots=True)
class ActionReported:
    """What came of an agent's action, whatever verification it had.

    Attributes:
        agent: whose it was.
        outcome: what came of it.
        at: when it was reported, seconds since 1970.
    """

    agent: str
    outcome: ActionOutcome
    at: float


@dataclass(frozen=True, slots=True)
class ReadAfresh:
    """What a clean model made of a question.

    Attributes:
        reading: as the monitor takes it.
    """

    reading: FreshReading

    @property
    def at(self) -> float:
        """When, in seconds since 1970."""
        return self.reading.at


@dataclass(frozen=True, slots=True)
class Suspended:
    """Something that watches the tenant's promises failed: none of them holds.

    Attributes:
        reason: in words.
        at: when, in seconds since 1970.
    """

    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody ended an alarm.

    Attributes:
        key: of the alarm.
        at: when, in seconds since 1970.
    """

    key: str
    at: float


TenantEvent: TypeAlias = Verified | OutcomeReported | ActionReported | ReadAfresh | Suspended | Acknowledged
