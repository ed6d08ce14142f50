"""A tenant's place in this process: what the service remembers of it, whatever the configuration becomes.

One event loop uses a desk. Everything it remembers is bounded: the feed, the verifications whose outcome may still be
reported, the gate's agents, the monitor's window.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from foureyes.guard.gate import AgentGate
from foureyes.monitoring import Alarm, AnswerOutcome, Monitor, Observation, ObservedVote
from foureyes.service.feed import Feed
from foureyes.service.limits import Allowance
from foureyes.service.parts import TenantParts
from foureyes.service.shown import Told
from foureyes.types import Verdict, Vote

__all__ = ["Desk", "observation_of"]

_REMEMBERED: Final = 10_000
"""Verifications of a tenant whose outcome can be reported."""


class Desk:
    """A tenant's place in this process: what the service remembers of it.

    Args:
        name: of the tenant.
        parts: those in force.
        gate, monitor: its agents' records, and what is watched.

    Attributes:
        kept: the standing alarms when it was written down last.
    """

    def __init__(self, name: str, parts: TenantParts, *, gate: AgentGate, monitor: Monitor) -> None:
        self.name: Final = name
        self.parts = parts
        self.allowance: Final = Allowance(parts.rate)
        self.feed: Final[Feed[Told | Alarm]] = Feed()
        self.gate: Final = gate
        self.monitor: Final = monitor
        self.kept: tuple[Alarm, ...] = monitor.standing
        self.auditing: Final = asyncio.Lock()
        self._seen: OrderedDict[str, Observation] = OrderedDict()

    def change(self, parts: TenantParts) -> None:
        """Works with other parts from now on; requests under way keep those they came with."""
        self.parts = parts
        self.allowance.change(parts.rate)
        self.monitor.watch(parts.watches)

    def observe(self, verification: str, verdict: Verdict, *, at: float) -> list[Alarm]:
        """Tells the monitor of a verdict; alarms it raises go to whoever watches the feed.

        Args:
            verification: its name, under which an outcome may be reported later.
            verdict: what the council came to.
            at: when, seconds since 1970.
        """
        seen = observation_of(verdict, at)
        self._seen[verification] = seen
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return self._shown(self.monitor.observe(seen))

    def report(self, verification: str, *, right: bool, at: float) -> list[Alarm] | None:
        """Tells the monitor what came of a verification; alarms it raises go to whoever watches the feed.

        Returns:
            The alarms; ``None`` if the verification is no longer remembered.
        """
        seen = self._seen.get(verification)
        return None if seen is None else self._shown(self.monitor.report(AnswerOutcome(at, right, seen)))

    def _shown(self, alarms: list[Alarm]) -> list[Alarm]:
        for alarm in alarms:
            self.feed.add("alarm", alarm)
        return alarms


def observation_of(verdict: Verdict, at: float) -> Observation:
    """What the monitor is told of a verdict: no text, and as confidence the mean of those that were stated."""
    stated = [vote.confidence for vote in verdict.votes if vote.confidence is not None]
    return Observation(
        at,
        safe=verdict.safe,
        consensus=verdict.consensus_reached,
        opinions=tuple([_opinion(vote) for vote in verdict.votes]),
        confidence=sum(stated) / len(stated) if stated else None,
        latency_ms=verdict.latency_ms,
    )


def _opinion(vote: Vote) -> ObservedVote:
    return ObservedVote(f"{vote.provider}/{vote.model}", vote.verdict, vote.confidence, vote.surprise, vote.latency_ms)
