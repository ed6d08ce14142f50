"""A service that follows its configuration file: what ``foureyes serve --config`` runs.

A broken file, or parts that cannot be made of it, change nothing: the parts in force stay, the log says why, and ``/readyz`` says
that the file on the disk is not the one in force. What a right file changes is put in force between two requests; what only a
new process can apply is named by the log and by ``/readyz``. Parts that are no longer used are closed when the last request that can
be working with them has ended, however long that takes: a batch survives a reload.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import Any, Final, Self

from fastapi import FastAPI

from foureyes.config import Reloader, Settings, needs_restart, wiring
from foureyes.config.parts import Parts
from foureyes.errors import FoureyesError
from foureyes.models import catalog
from foureyes.models.roles import Reader
from foureyes.models.server_use import ServerChange, ServerUse
from foureyes.monitoring.sinks import LogSink
from foureyes.service.app import create_app
from foureyes.service.app_state import AppState, Instruments
from foureyes.service.logs import Log, open_log
from foureyes.service.route_wiring import with_routes
from foureyes.service.tracing import open_tracer

__all__ = ["ConfiguredService", "log_directions"]

_UNWITNESSED: Final = (
    "no witness: a log in PostgreSQL that was put back to an earlier state is not noticed. "
    "Name a file out of the database's reach: [ledger] witness"
)


class ConfiguredService:
    """An application and the configuration it follows.

    Args:
        reloader: looks at the files.
        instruments: log, tracer and clocks.

    Attributes:
        app: the application; its lifespan closes the parts.
        retiring: what closes parts that are no longer in force, each once their last request has ended.

    Raises:
        FoureyesError: a part cannot be made of the settings.
    """

    def __init__(self, reloader: Reloader, instruments: Instruments) -> None:
        self._reloader = reloader
        self._started_with = self._in_force = reloader.settings
        self._log = instruments.log
        self._parts = self._built(reloader.settings)
        self._behind = False  # whether the settings in force are right and their parts could not be made
        self.retiring: set[asyncio.Task[None]] = set()
        self.app: Final[FastAPI] = create_app(self._parts, instruments, close=self.close)

    @classmethod
    def open(cls, reloader: Reloader) -> Self:
        """With a log on stderr, and traces where the configuration sends them."""
        log, telemetry = open_log(sys.stderr), reloader.settings.telemetry
        if telemetry.endpoint is None:
            return cls(reloader, Instruments(log=log))
        return cls(
            reloader, Instruments(log=log, tracer=open_tracer(telemetry.endpoint, service=telemetry.service_name))
        )

    @property
    def _state(self) -> AppState:
        state: AppState = self.app.state.foureyes
        return state

    async def check(self) -> None:
        """Looks at the files again; puts what they say in force if it changed and all of it can be made."""
        known = self._reloader.error
        changed = await asyncio.to_thread(self._reloader.check)
        if (error := self._reloader.error) is not None and str(error) != str(known):
            self._refuse(error)
        if changed or self._behind:
            await self._apply(self._reloader.settings)
        self._state.file_is_broken = self._behind or self._reloader.error is not None

    async def close(self) -> None:
        """Closes the parts in force, and those that were waiting to be."""
        for task in self.retiring:
            task.cancel()
        await asyncio.gather(*self.retiring, return_exceptions=True)
        await self._parts.close()

    async def _apply(self, settings: Settings) -> None:
        old, generation = self._parts, self._state.parts_use.generation
        try:
            fresh = await asyncio.to_thread(self._built, settings, before=old)
            await self._put_in_force(fresh)
        except FoureyesError as error:
            if not self._behind:
                self._refuse(error)
            self._behind = True
            return
        self._parts, self._in_force, self._behind = fresh, settings, False
        self._state.needs_restart = needs_restart(self._started_with, settings)
        self._state.metrics.reload(refused=False)
        self._log.info(
            "configuration", applied=True, tenants=len(fresh.tenants), needs_restart=list(self._state.needs_restart)
        )
        retiring = asyncio.create_task(self._retire(old, fresh, generation))
        self.retiring.add(retiring)
        retiring.add_done_callback(self.retiring.discard)

    async def _put_in_force(self, fresh: Parts) -> None:
        """Hands over to fresh parts, or closes what was made for them."""
        try:
            self._state.replace(fresh)
        except FoureyesError:
            await fresh.close(but=self._parts)
            raise

    async def _retire(self, old: Parts, fresh: Parts, generation: int) -> None:
        """Closes what only the old parts used, once the last request that can be working with it has ended."""
        try:
            await self._state.parts_use.wait_for_end(generation)
        finally:  # at the end of the service nobody works with them either
            await old.close(but=fresh)

    def _refuse(self, error: FoureyesError) -> None:
        """The words of a configuration's errors hold no secrets; an operator needs them."""
        self._state.metrics.reload(refused=True)
        self._log.error("configuration", applied=False, error=str(error))

    def _built(self, settings: Settings, *, before: Parts | None = None) -> Parts:
        """Alarms go to the log as well."""
        built = wiring.build(settings, before=before, open_reader=self._open_reader)
        parts = with_routes(built, settings, before=before, open_reader=self._open_reader)
        log_directions(parts, self._log)
        log_unwitnessed(settings, self._log)
        return replace(parts, sinks=(*parts.sinks, LogSink(self._log)))

    def _open_reader(self, reference: str, *, servers: ServerUse | None = None, **told: Any) -> Reader:
        """A reader whose servers' changes are logged."""
        use = replace(servers or ServerUse(), on_server=self._log_server)
        return catalog.open_reader(reference, servers=use, **told)

    def _log_server(self, change: ServerChange) -> None:
        log = self._log.info if change.state == "joined" else self._log.warning
        log("server", address=change.address, state=change.state, why=change.why)


def log_directions(parts: Parts, log: Log) -> None:
    """Logs which verifiers read by a calibrator that was accepted although it contradicts the catalogue of signals."""
    for name, tenant in parts.tenants.items():
        for member in tenant.guard.council.members:
            if note := getattr(member.judge, "direction_note", ""):
                log.warning("calibrator", tenant=name, verifier="/".join(member.key), note=note)


def log_unwitnessed(settings: Settings, log: Log) -> None:
    """Logs which records could be put back to an earlier state without a notice."""
    for name, tenant in settings.tenants.items():
        if tenant.ledger is not None and tenant.ledger.is_unwitnessed:
            log.warning("ledger", tenant=name, note=_UNWITNESSED)
