"""Desks are opened as they were left and written down again: at the end, when a tenant goes, and soon after an alarm.

The last is for a process that is killed: what it loses is some figures, and not that a promise was suspended. In the same
rounds ledgers are shown to their witnesses. What cannot be written is logged, and tried again in the next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from foureyes.errors import ConfigError, FoureyesError
from foureyes.guard.gate import AgentGate
from foureyes.monitoring import Monitor
from foureyes.service.desk import Desk

if TYPE_CHECKING:
    from foureyes.service.live import Live
    from foureyes.service.parts import Parts

__all__ = ["keep", "keep_watch", "look_after", "open_desk"]

_EVERY_S: Final = 30.0


def open_desk(name: str, parts: Parts) -> Desk:
    """A tenant's desk, as it was left.

    Raises:
        ConfigError: what was kept of it cannot be used.
    """
    tenant = parts.tenants[name]
    kept = None if parts.memory is None else parts.memory.recall(name)
    gate, monitor = kept or (AgentGate(), Monitor(parts.monitor))
    if monitor.settings != parts.monitor:  # its windows were other ones; what is promised is not
        monitor = Monitor(parts.monitor, promises=monitor.watches)
    monitor.watch(tenant.watches)
    return Desk(name, tenant, gate=gate, monitor=monitor)


def keep(live: Live, desks: Iterable[Desk]) -> None:
    """Writes desks down, if there is somewhere to keep them; one that cannot be written is logged and stops no other."""
    live.chores.finish()
    if (memory := live.parts.memory) is None:
        return
    for desk in desks:
        try:
            memory.keep(desk.name, desk.gate, desk.monitor)
            desk.kept = desk.monitor.standing
        except ConfigError as error:
            _not_kept(live, desk, error)


async def look_after(live: Live, *, every_s: float = _EVERY_S) -> None:
    """Rounds of :func:`keep_watch`, for ever.

    Args:
        live: the application.
        every_s: seconds between two.
    """
    while True:
        await asyncio.sleep(every_s)
        await keep_watch(live)


async def keep_watch(live: Live) -> None:
    """Writes down desks whose alarms are not those that were written, and shows every ledger to its witness."""
    keep(live, [desk for desk in live.desks if desk.monitor.standing != desk.kept])
    for ledger in [desk.parts.ledger for desk in live.desks if desk.parts.ledger is not None]:
        try:
            await asyncio.to_thread(ledger.remember)
        except FoureyesError as error:
            live.log_failure(error, "witness")


def _not_kept(live: Live, desk: Desk, error: ConfigError) -> None:
    """The words of this error tell of a file and of the system; an operator needs them."""
    live.tools.log.error("memory", tenant=desk.name, kept=False, error=str(error))
