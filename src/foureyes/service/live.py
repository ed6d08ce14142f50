"""An application while it runs: the parts in force, every tenant's desk, and what it measures and tells with.

A request sees one consistent set of parts: those in force when it arrived. Desks outlive a change of parts. Nothing here
is global: two applications in one process share nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Scope

from foureyes.errors import ConfigError, InputError
from foureyes.monitoring import Alarm
from foureyes.monitoring.sinks import send_all
from foureyes.service.chores import Chores
from foureyes.service.desk import Desk
from foureyes.service.keeping import keep, open_desk
from foureyes.service.logs import Log, open_log, raised_at
from foureyes.service.metrics import Metrics
from foureyes.service.parts import Parts
from foureyes.service.tracing import Tracer

__all__ = ["Live", "Tools"]


@dataclass(frozen=True, slots=True)
class Tools:
    """What the service measures and tells with; everything timed comes from here.

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


class Live:
    """The parts in force, and every tenant's desk.

    Args:
        parts: what the configuration wired.
        tools: log, tracer and clocks.
    """

    def __init__(self, parts: Parts, tools: Tools | None = None) -> None:
        self.tools: Final = tools or Tools()
        self.metrics: Final = Metrics()
        self.chores: Final = Chores(on_error=lambda error: self.log_failure(error, "chores"))
        self.parts = parts
        self._desks = {name: open_desk(name, parts) for name in parts.tenants}

    @property
    def desks(self) -> tuple[Desk, ...]:
        """Every tenant's."""
        return tuple(self._desks.values())

    def desk(self, tenant: str) -> Desk:
        """A tenant's desk.

        Raises:
            ConfigError: a key belongs to a tenant that is not configured.
        """
        if tenant not in self._desks:
            raise ConfigError(f"a key belongs to the tenant {tenant!r}, which is not configured")
        return self._desks[tenant]

    def replace(self, parts: Parts) -> None:
        """Puts other parts in force, between two requests.

        Raises:
            ConfigError: what was kept of a new tenant cannot be used; nothing is changed.
        """
        opened = {name: open_desk(name, parts) for name in parts.tenants if name not in self._desks}
        keep(self, [desk for desk in self.desks if desk.name not in parts.tenants])
        self.parts = parts
        for name in self._desks.keys() & parts.tenants.keys():
            self._desks[name].change(parts.tenants[name])
        self._desks = {name: opened.get(name) or self._desks[name] for name in parts.tenants}

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Counts and logs a request that was served.

        Args:
            scope: of the request; only its method, its route's template and its names are used.
            status: that was sent; 0 if none was.
            seconds: it took.
        """
        route = getattr(scope.get("route"), "path", None) or "(none)"
        self.metrics.request(route, status, seconds)
        self.tools.log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            tenant=scope.get("foureyes.tenant"),
            request_id=scope["foureyes.request_id"],
        )

    def log_failure(self, error: BaseException, request_id: str) -> None:
        """Logs what went wrong: the class and the place of an exception, never what it says. Refusals are no failures."""
        if not isinstance(error, HTTPException | InputError):
            self.tools.log.error(
                "failure", error=type(error).__name__, raised_at=raised_at(error), request_id=request_id
            )

    def alarm(self, alarms: Sequence[Alarm]) -> None:
        """Counts alarms and hands them to every sink."""
        for alarm in alarms:
            self.metrics.alarm(alarm.key)
        send_all(alarms, self.parts.sinks)
