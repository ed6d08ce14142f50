"""What this process knows of one tenant, whatever the configuration becomes: its rate limit, feed, gate and monitor.

One event loop uses it. Everything remembered is bounded: the feed, the verifications whose outcome may still be reported,
the gate's agents, the monitor's window.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from foureyes.config.parts import Parts, TenantParts
from foureyes.errors import InputError
from foureyes.guard.deadline import log_bug
from foureyes.guard.gate import ActionOutcome, AgentGate
from foureyes.guard.threads import BoundedThreads
from foureyes.monitoring import Alarm, AnswerOutcome, FreshReading, Monitor, Observation, ObservedVote
from foureyes.service.feed import Feed
from foureyes.service.persistence import StateStore
from foureyes.service.prompt_memory import PromptMemory
from foureyes.service.rate_limit import RateLimiter
from foureyes.service.route_book import RouteBook
from foureyes.service.wire.decisions import AlarmItem, FeedItem
from foureyes.types import Verdict, Vote

__all__ = ["RememberedVerification", "TenantState", "observation_of"]

_REMEMBERED: Final = 10_000
"""Verifications of a tenant whose outcome can be reported."""

_THREADS: Final = 4
"""Of a tenant's requests that work in threads at once, of either kind."""


@dataclass(slots=True)
class RememberedVerification:
    """A verification whose outcome may be reported, once.

    Attributes:
        seen: what the monitor was told of it.
        reported: whether its outcome was.
    """

    seen: Observation
    reported: bool = False


class TenantState:
    """What this process knows of one tenant.

    Args:
        name: of the tenant.
        parts: those in force.
        gate: its agents' records.
        monitor: its rolling figures and alarms.
        clock: seconds since some moment, never set back.

    Attributes:
        saved_alarms: those that stood when it was saved last.
        threads: where its requests read its records.
        privacy_threads: where its requests look for personal data, which may take long.
        prompts: what gateways asked and wait for an answer to.
        routed: what its routes did.
    """

    def __init__(
        self, name: str, parts: TenantParts, *, gate: AgentGate, monitor: Monitor, clock: Callable[[], float]
    ) -> None:
        self.name: Final = name
        self.parts = parts
        self.rate_limiter: Final = RateLimiter(parts.rate, clock=clock)
        self.feed: Final[Feed[FeedItem | AlarmItem]] = Feed()
        self.gate: Final = gate
        self.monitor: Final = monitor
        self.saved_alarms: tuple[Alarm, ...] = monitor.active_alarms
        self.auditing: Final = asyncio.Lock()
        self.threads: Final = BoundedThreads(_THREADS, name="tenant")
        self.privacy_threads: Final = BoundedThreads(_THREADS, name="privacy")
        self.prompts: Final = PromptMemory()
        self.routed: Final = RouteBook()
        self._seen: OrderedDict[str, RememberedVerification] = OrderedDict()

    @classmethod
    def restore(cls, name: str, parts: Parts, *, clock: Callable[[], float] = time.monotonic) -> TenantState:
        """What was saved of a tenant, or a new one's.

        Raises:
            ConfigError: what was saved cannot be used.
        """
        tenant = parts.tenants[name]
        saved = None if parts.state is None else StateStore(parts.state).load(name, tenant.gate)
        gate, monitor = saved or (AgentGate(tenant.gate), Monitor(parts.monitor))
        if monitor.settings != parts.monitor:  # its windows were other ones; what is promised is not
            monitor = Monitor(parts.monitor, promises=monitor.watches)
        monitor.watch(tenant.watches)
        return cls(name, tenant, gate=gate, monitor=monitor, clock=clock)

    def save(self, store: StateStore) -> None:
        """Saves the agents' records and the monitor.

        Raises:
            ConfigError: they cannot be written.
        """
        store.save(self.name, self.gate, self.monitor)
        self.saved_alarms = self.monitor.active_alarms

    def change(self, parts: TenantParts) -> None:
        """Works with other parts from now on; requests under way keep those they came with."""
        self.parts = parts
        self.rate_limiter.change(parts.rate)
        self.gate.change(parts.gate)
        self.monitor.watch(parts.watches)

    def observe(self, verification: str, seen: Observation, *, unsafe: bool | None = None) -> list[Alarm]:
        """Tells the monitor of a decision, and the gate; alarms it raises go to whoever watches the feed.

        Args:
            verification: its name, under which an outcome may be reported later.
            seen: see :func:`observation_of`.
            unsafe: whether the verifiers called the answer unsafe; ``None`` where they agreed on nothing.
        """
        self._seen[verification] = RememberedVerification(seen)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        if seen.agent is not None and unsafe is not None:
            self._hear(seen.agent, verification, unsafe=unsafe)
        return self._shown(self.monitor.observe(seen))

    def remembered(self, verification: str) -> RememberedVerification | None:
        """What is remembered of a verification; ``None`` once it is forgotten."""
        return self._seen.get(verification)

    def report(self, verification: str, outcome: ActionOutcome, *, at: float) -> list[Alarm]:
        """Counts what came of a verification, once: for the monitor, and for the agent it was for.

        Args:
            verification: its name.
            outcome: what came of it.
            at: when it was reported, seconds since 1970.

        Returns:
            The alarms that the monitor raises; they go to whoever watches the feed as well.

        Raises:
            InputError: it is not remembered, or its outcome was reported before.
        """
        remembered = self._seen.get(verification)
        if remembered is None or remembered.reported:
            raise InputError("wanted a verification that is remembered and has no outcome yet")
        remembered.reported = True
        if remembered.seen.agent is not None:
            self.gate.report(remembered.seen.agent, outcome, verification=verification)
        return self._shown(self.monitor.report(AnswerOutcome(at, outcome.correct, remembered.seen)))

    def report_fresh(self, reading: FreshReading) -> list[Alarm]:
        """Tells the monitor what a clean model made of a question; alarms it raises go to whoever watches the feed."""
        return self._shown(self.monitor.report_fresh(reading))

    def suspend(self, reason: str, at: float) -> list[Alarm]:
        """Suspends every promise, since something that watches it failed; the alarms go to whoever watches the feed as well.

        Args:
            reason: in words.
            at: seconds since 1970.
        """
        return self._shown(self.monitor.suspend(reason, at))

    def _hear(self, agent: str, verification: str, *, unsafe: bool) -> None:
        """Tells the gate; an agent whose record could not be kept has none, and is reviewed."""
        try:
            self.gate.hear(agent, verification, unsafe=unsafe)
        except Exception as error:  # noqa: BLE001 - whatever it is, the record is not whole
            log_bug(error, "the gate")
            self.gate.forget(agent)

    def _shown(self, alarms: list[Alarm]) -> list[Alarm]:
        named = [replace(alarm, tenant=self.name) for alarm in alarms]
        for alarm in named:
            self.feed.add("alarm", AlarmItem.of(alarm))
        return named


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
    return ObservedVote(f"{vote.provider}/{vote.model}", vote.verdict, vote.confidence, vote.log_cmp, vote.latency_ms)
