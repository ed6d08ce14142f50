"""From what the configuration built to an application, and from a changed file to changed parts.

:func:`follow` is what ``foureyes serve --config`` runs. A broken file, or parts that cannot be made of it, change nothing: the
parts in force stay, the log says why, and ``/readyz`` says that the file on the disk is not the one in force. Parts that are no
longer used are closed only when no request can be working with them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from fastapi import FastAPI

from foureyes.config import JudgeVerifier, Reloader, TenantSettings
from foureyes.config import wiring as config
from foureyes.config.voters import chat_model
from foureyes.errors import FoureyesError
from foureyes.models.chat import ChatAnswerer
from foureyes.models.roles import Answerer
from foureyes.monitoring.sinks import LogSink
from foureyes.service.app import create_app
from foureyes.service.app_state import AppState, Instruments
from foureyes.service.logs import open_log
from foureyes.service.parts import Parts, ServerLimits, TenantParts
from foureyes.service.persistence import StateStore
from foureyes.service.rate_limit import RateLimit
from foureyes.service.tracing import open_tracer
from foureyes.service.wire.health import NOT_READY

__all__ = ["Service", "follow", "parts_of"]

_MINUTE_S: Final = 60.0


class Answerers:
    """The verifiers that can be talked to as models that answer, each made once."""

    def __init__(self) -> None:
        self._made: dict[JudgeVerifier, ChatAnswerer] = {}

    def of(self, tenant: TenantSettings) -> list[Answerer]:
        """Those of a tenant, in the order of its verifiers."""
        return [self._one(one) for one in tenant.verifiers if isinstance(one, JudgeVerifier)]

    def _one(self, verifier: JudgeVerifier) -> ChatAnswerer:
        if verifier not in self._made:
            self._made[verifier] = ChatAnswerer(chat_model(verifier))
        return self._made[verifier]

    async def close(self, *, but: Collection[TenantSettings] = ()) -> None:
        """Closes those that none of these tenants uses."""
        kept = {verifier for tenant in but for verifier in tenant.verifiers}
        for verifier in [one for one in self._made if one not in kept]:
            await self._made.pop(verifier).aclose()


def parts_of(built: config.Parts, *, answerers: Answerers | None = None, log: object = None) -> Parts:
    """What the service needs of what the configuration built.

    Args:
        built: by :func:`foureyes.config.wiring.build`.
        answerers: makes what answers in words; ``None`` for nobody.
        log: a structlog logger that alarms go to as well; ``None`` for none.
    """
    server = built.settings.server
    return Parts(
        built.keyring,
        {
            name: _tenant(tenant, [] if answerers is None else answerers.of(tenant.settings))
            for name, tenant in built.tenants.items()
        },
        ServerLimits(server.max_body_bytes, server.body_timeout_s, server.max_in_flight, server.batch_parallel),
        monitor=built.monitor,
        state_store=None if built.settings.monitoring.state is None else StateStore(built.settings.monitoring.state),
        sinks=(*built.alarms, *(() if log is None else (LogSink(log),))),
    )


def follow(reloader: Reloader) -> Service:
    """A service that follows its configuration.

    Raises:
        FoureyesError: a part cannot be made of the settings.
    """
    settings = reloader.settings
    telemetry = settings.telemetry
    log = open_log(sys.stderr)
    instruments = Instruments(log=log)
    if telemetry.endpoint is not None:
        instruments = Instruments(log=log, tracer=open_tracer(telemetry.endpoint, service=telemetry.service_name))
    return Service(reloader, config.build(settings), instruments)


class Service:
    """An application and the configuration it follows.

    Args:
        reloader: looks at the files.
        built: the parts of its settings.
        instruments: log, tracer and clocks.

    Attributes:
        app: the application; its lifespan closes the parts.
    """

    def __init__(self, reloader: Reloader, built: config.Parts, instruments: Instruments) -> None:
        self._reloader = reloader
        self._built = built
        self._answerers = Answerers()
        self._log = instruments.log
        self._behind = False
        self._retiring: set[asyncio.Task[None]] = set()
        self.app: Final[FastAPI] = create_app(self._parts(built), instruments)

    @property
    def _state(self) -> AppState:
        state: AppState = self.app.state.foureyes
        return state

    async def check(self) -> None:
        """Looks at the files again; puts what they say in force if it changed and all of it can be made."""
        known = self._reloader.error
        changed = await asyncio.to_thread(self._reloader.check)
        if (error := self._reloader.error) is not None and error is not known and str(error) != str(known):
            self._refuse(error)
        if changed or self._behind:
            await self._apply()

    async def close(self) -> None:
        """Closes the parts in force, and those that were waiting to be."""
        for task in self._retiring:
            task.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        await self._answerers.close()
        await self._built.close()

    async def _apply(self) -> None:
        try:
            fresh = await asyncio.to_thread(config.build, self._reloader.settings, before=self._built)
            await self._put_in_force(fresh)
        except FoureyesError as error:
            if not self._behind:
                self._refuse(error)
            self._behind = True
            return
        old, self._built, self._behind = self._built, fresh, False
        self._state.metrics.reload(refused=False)
        self._log.info("configuration", applied=True, tenants=len(fresh.tenants))
        retiring = asyncio.create_task(self._retire(old, fresh))
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)

    async def _put_in_force(self, fresh: config.Parts) -> None:
        """Hands over to fresh parts, or closes what was made for them."""
        try:
            self._state.replace(self._parts(fresh))
        except FoureyesError:
            await fresh.close(but=self._built)
            raise

    async def _retire(self, old: config.Parts, fresh: config.Parts) -> None:
        """Closes what only the old parts used, once no request can be working with it any more."""
        await asyncio.sleep(2 * max((tenant.deadline_s for tenant in old.settings.tenants), default=0.0))
        await self._answerers.close(but=fresh.settings.tenants)
        await old.close(but=fresh)

    def _refuse(self, error: FoureyesError) -> None:
        """The words of a configuration's errors hold no secrets; an operator needs them."""
        self._state.metrics.reload(refused=True)
        self._log.error("configuration", applied=False, error=str(error))

    def _parts(self, built: config.Parts) -> Parts:
        parts = parts_of(built, answerers=self._answerers, log=self._log)
        return replace(parts, not_ready=self._not_ready, close=self.close)

    def _not_ready(self) -> Mapping[str, str]:
        ledgers = [tenant.ledger for tenant in self._built.tenants.values()]
        failed = {
            "configuration": self._behind or self._reloader.error is not None,
            "ledger": any(ledger is not None and ledger.tampered for ledger in ledgers),
        }
        return {part: words for part, words in NOT_READY.items() if failed[part]}


def _tenant(built: config.TenantParts, answerers: Sequence[Answerer]) -> TenantParts:
    limits = built.settings.limits
    per_second = None if limits.per_minute is None else limits.per_minute / _MINUTE_S
    return TenantParts(
        built.guard,
        ledger=built.ledger,
        vault=built.vault,
        detector=built.detector,
        concealer=built.concealer,
        answerers=answerers,
        watches=built.watches,
        rate=RateLimit(per_second, limits.burst, limits.per_day),
        show_texts=built.settings.show_texts,
    )
