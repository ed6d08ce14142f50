"""What is known of one tenant, whatever the configuration becomes: its rate limit, records, prompts and routed answers.

One event loop uses it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from foureyes.config.parts import Parts, TenantParts
from foureyes.guard.gate import AgentGate
from foureyes.guard.threads import BoundedThreads
from foureyes.monitoring import Alarm, Monitor, Observation, ObservedVote
from foureyes.monitoring.settings import MonitorSettings
from foureyes.service.feed import Feed
from foureyes.service.persistence import StateStore
from foureyes.service.prompt_memory import PromptMemory
from foureyes.service.rate_limit import RateLimiter
from foureyes.service.route_book import RouteBook
from foureyes.service.sharing import Sharing
from foureyes.service.tenant_events import TenantEvent
from foureyes.service.tenant_records import Applied, TenantRecords
from foureyes.service.wire.decisions import AlarmItem, FeedItem
from foureyes.types import Verdict, Vote

__all__ = ["TenantState", "observation_of"]

_THREADS: Final = 4
"""Of a tenant's requests that work in threads at once, of either kind."""


class TenantState:
    """What this process knows of one tenant.

    Args:
        parts: those in force.
        records: what happened to it.
        clock: seconds since some moment, never set back.
        sharing: with other replicas; ``None`` where this process knows alone.

    Attributes:
        shared: its turns at what replicas share; ``None`` where this process knows alone.
        saved_alarms: those that stood when it was saved last.
        threads: where its requests read its records.
        privacy_threads: where its requests look for personal data, which may take long.
        prompts: what gateways asked and wait for an answer to.
        routed: what its routes did.
    """

    def __init__(
        self, parts: TenantParts, records: TenantRecords, *, clock: Callable[[], float], sharing: Sharing | None = None
    ) -> None:
        self.name: Final = records.name
        self.parts = parts
        self.records: Final = records
        self.rate_limiter: Final = RateLimiter(parts.rate, clock=clock)
        self.saved_alarms: tuple[Alarm, ...] = records.monitor.active_alarms
        self.auditing: Final = asyncio.Lock()
        self.threads: Final = BoundedThreads(_THREADS, name="tenant")
        self.privacy_threads: Final = BoundedThreads(_THREADS, name="privacy")
        self.prompts: Final = PromptMemory()
        self.routed: Final = RouteBook()
        self.shared: Final = None if sharing is None else sharing.turns_of(records, self._from_snapshot)

    @classmethod
    def restore(
        cls,
        name: str,
        parts: Parts,
        *,
        clock: Callable[[], float] = time.monotonic,
        sharing: Sharing | None = None,
    ) -> TenantState:
        """What was saved of a tenant, or a new one's. What replicas share is loaded by whoever first asks for it.

        Raises:
            ConfigError: what was saved cannot be used.
        """
        tenant = parts.tenants[name]
        saved = None if parts.state is None else StateStore(parts.state).load(name, tenant.gate)
        gate, monitor = saved or (AgentGate(tenant.gate), Monitor(parts.monitor))
        records = TenantRecords(name, gate=gate, monitor=_with_settings(monitor, parts.monitor))
        records.monitor.watch(tenant.watches)
        return cls(tenant, records, clock=clock, sharing=sharing)

    @property
    def gate(self) -> AgentGate:
        """Its agents' records."""
        return self.records.gate

    @property
    def monitor(self) -> Monitor:
        """Its rolling figures and alarms."""
        return self.records.monitor

    @property
    def feed(self) -> Feed[FeedItem | AlarmItem]:
        """Its latest verifications and alarms."""
        return self.records.feed

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

    async def acquire(self, n: int, *, now: float) -> float | None:
        """Takes n requests' worth of what the tenant may ask for, all or nothing.

        Args:
            n: how many.
            now: seconds since 1970, UTC.

        Returns:
            ``None`` when they are allowed; otherwise after how many seconds to try again, > 0.

        Raises:
            StateError: what replicas share did not answer in time.
        """
        if self.shared is not None:
            return await self.shared.acquire(self.parts.rate, n)
        return self.rate_limiter.acquire(n, now=now)

    async def record(self, event: TenantEvent) -> Applied:
        """Takes what happened, and says what came of it.

        Raises:
            StateError: what replicas share did not answer in time; the event is kept, and added when it does.
        """
        if self.shared is not None:
            return await self.shared.append(event, texts=self.parts.show_texts)
        return self.records.apply(event)

    def _from_snapshot(self, document: str | None) -> TenantRecords:
        """Records as they were at a snapshot, or new ones, under the parts now in force. Called in a thread.

        Their promises are watched by others than those in force, which stay as they are until all events were taken.
        """
        settings, policy = self.monitor.settings, self.parts.gate
        if document is None:
            records = TenantRecords(self.name, gate=AgentGate(policy), monitor=Monitor(settings))
        else:
            records = TenantRecords.from_json(document, name=self.name, policy=policy)
            records.monitor = _with_settings(records.monitor, settings)
        records.monitor.watch([watch.begun_anew() for watch in self.parts.watches])
        return records


def _with_settings(monitor: Monitor, settings: MonitorSettings) -> Monitor:
    """A monitor of other windows begins anew; what is promised does not."""
    return monitor if monitor.settings == settings else Monitor(settings, promises=monitor.watches)


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
