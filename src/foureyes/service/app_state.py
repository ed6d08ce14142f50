"""The state of a running application: the configured parts in force, what is known of every tenant, log and metrics.

A request sees one consistent set of parts: those in force when it arrived. What is known of a tenant outlives a change of
parts. Nothing here is global: two applications in one process share nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Scope

from foureyes.config.parts import Parts
from foureyes.errors import ConfigError, InputError
from foureyes.guard.shares import TenantShares
from foureyes.monitoring import Alarm
from foureyes.monitoring.sinks import send_all
from foureyes.service.fresh_readings import FreshReadings
from foureyes.service.logs import Log, open_log, raised_at
from foureyes.service.metrics import Metrics
from foureyes.service.parts_use import PartsUse
from foureyes.service.persistence import StateStore
from foureyes.service.shared_tenant import SharedTenant
from foureyes.service.sharing import Sharing
from foureyes.service.tenant_events import TenantEvent
from foureyes.service.tenant_records import Applied
from foureyes.service.tenant_state import TenantState
from foureyes.service.tracing import Tracer
from foureyes.service.wire.health import NOT_READY

__all__ = ["AppState", "Instruments"]


@dataclass(frozen=True, slots=True)
class Instruments:
    """The log, the tracer and the clocks of an application; everything timed comes from here.

    Attributes:
        log: where log lines go.
        tracer: where spans go; nowhere unless configured.
        clock: seconds since some moment, never set back.
        wall_clock: seconds since 1970.
    """

    log: Log = field(default_factory=lambda: open_log(sys.stderr))
    tracer: Tracer = field(default_factory=Tracer)
    clock: Callable[[], float] = time.perf_counter
    wall_clock: Callable[[], float] = time.time


class AppState:
    """The state of one application.

    Args:
        parts: what the configuration wired.
        instruments: log, tracer and clocks.

    Attributes:
        file_is_broken: whether the configuration on the disk is not the one in force.
        needs_restart: changed settings that only a new process applies, by their place in the file.
        parts_use: which parts requests still work with.
        ending: whether the service was told to end.
        in_flight: requests of tenants that are being served.
        sharing: with other replicas; ``None`` where this process knows alone.
    """

    def __init__(self, parts: Parts, instruments: Instruments | None = None) -> None:
        self.instruments: Final = instruments or Instruments()
        self.metrics: Final = Metrics()
        self.fresh_readings: Final = FreshReadings()
        self.parts = parts
        self.file_is_broken = False
        self.needs_restart: tuple[str, ...] = ()
        self.parts_use: Final = PartsUse()
        self.ending = False
        self.in_flight: Final = TenantShares(lambda: self.parts.server.max_in_flight, lambda: len(self.parts.tenants))
        self.metrics.watch_in_flight(lambda: self.in_flight.used)
        self.sharing: Final = self._sharing(parts)
        self._tenants = {name: self._restored(name, parts) for name in parts.tenants}

    @property
    def tenants(self) -> tuple[TenantState, ...]:
        """What is known of every tenant, in the order of the configuration."""
        return tuple(self._tenants.values())

    def tenant(self, name: str) -> TenantState:
        """What is known of one tenant.

        Raises:
            ConfigError: a key belongs to a tenant that is not configured.
        """
        if name not in self._tenants:
            raise ConfigError(f"a key belongs to the tenant {name!r}, which is not configured")
        return self._tenants[name]

    def replace(self, parts: Parts) -> None:
        """Puts other parts in force, between two requests.

        Raises:
            ConfigError: what was saved of a new tenant cannot be used; nothing is changed.
        """
        restored = {name: self._restored(name, parts) for name in parts.tenants if name not in self._tenants}
        self.save([tenant for tenant in self.tenants if tenant.name not in parts.tenants])
        self.parts = parts
        self.parts_use.begin_generation()
        for name in self._tenants.keys() & parts.tenants.keys():
            self._tenants[name].change(parts.tenants[name])
        self._tenants = {name: restored.get(name) or self._tenants[name] for name in parts.tenants}

    def _restored(self, name: str, parts: Parts) -> TenantState:
        return TenantState.restore(name, parts, clock=self.instruments.clock, sharing=self.sharing)

    @property
    def shared_tenants(self) -> list[SharedTenant]:
        """The turns of the tenants at what replicas share; none where this process knows alone."""
        return [tenant.shared for tenant in self.tenants if tenant.shared is not None]

    def end_feeds(self) -> None:
        """Ends every stream of events, which would go on for ever."""
        for tenant in self.tenants:
            tenant.feed.end()

    def save(self, tenants: Iterable[TenantState]) -> None:
        """Saves what is known of tenants, where the configuration names a place; one that fails is logged and stops no other."""
        if self.parts.state is None:
            return
        store = StateStore(self.parts.state)
        for tenant in tenants:
            try:
                tenant.save(store)
            except ConfigError as error:
                self._log_unsaved(tenant, error)

    def _log_unsaved(self, tenant: TenantState, error: ConfigError) -> None:
        """The words of this error tell of a file and of the system; an operator needs them."""
        self.instruments.log.error("state", tenant=tenant.name, saved=False, error=str(error))

    @property
    def not_ready(self) -> dict[str, str]:
        """Parts that are not ready, and why, in words fit for a stranger."""
        ledgers = [tenant.ledger for tenant in self.parts.tenants.values()]
        failed = {
            "configuration": self.file_is_broken,
            "service": self.ending,
            "ledger": any(ledger is not None and ledger.tampered for ledger in ledgers),
            "shared_state": self.sharing is not None and not self.sharing.is_usable,
            "version": any(tenant.is_outdated for tenant in self.shared_tenants),
        }
        return {part: words for part, words in NOT_READY.items() if failed[part]}

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Counts and logs a request that was served.

        Args:
            scope: of the request; only its method, its route's template and its names are used.
            status: that was sent; 0 if none was.
            seconds: it took.
        """
        route = getattr(scope.get("route"), "path", None) or "(none)"
        self.metrics.request(route, status, seconds)
        self.instruments.log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            tenant=scope.get("foureyes.tenant"),
            request_id=scope["foureyes.request_id"],
        )

    def refused(self, why: str) -> None:
        """Counts and logs a connection, or a head, that was turned away at the door.

        Args:
            why: in a word.
        """
        self.metrics.turned_away(why)
        self.instruments.log.info("turned_away", why=why)

    def log_failure(self, error: BaseException, request_id: str) -> None:
        """Logs what went wrong: the class and the place of an exception, never what it says. Refusals are no failures."""
        if not isinstance(error, HTTPException | InputError):
            self.instruments.log.error(
                "failure", error=type(error).__name__, raised_at=raised_at(error), request_id=request_id
            )

    async def watch(self, tenant: TenantState, event: TenantEvent, request_id: str) -> Applied:
        """Tells a tenant's records of an event, and hands on its alarms and failures.

        Args:
            tenant: whose they are.
            event: what happened.
            request_id: of the request that it is told of.

        Raises:
            StateError: what replicas share did not answer in time; the alarms are handed on when it does.
        """
        applied = await tenant.record(event)
        self._hand_on(applied, request_id)
        return applied

    def _sharing(self, parts: Parts) -> Sharing | None:
        if parts.shared is None:
            return None
        return Sharing(parts.shared, self.instruments.log, lambda applied: self._hand_on(applied, "shared state"))

    def _hand_on(self, applied: Applied, request_id: str) -> None:
        for error in applied.failures:
            self.log_failure(error, request_id)
        self.alarm(applied.alarms)

    def alarm(self, alarms: Sequence[Alarm]) -> None:
        """Counts alarms and hands them to every sink."""
        for alarm in alarms:
            self.metrics.alarm(alarm.signal)
        send_all(alarms, self.parts.sinks)
