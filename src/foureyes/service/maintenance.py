"""Periodic work of the application, every half a minute: saving what changed, and showing ledgers to their witnesses.

Tenants are saved when their alarms changed, so that a process that is killed loses some figures and not that a promise was
suspended. What cannot be written is logged, and tried again in the next round.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from foureyes.errors import FoureyesError

if TYPE_CHECKING:
    from foureyes.service.app_state import AppState

__all__ = ["maintain", "maintain_forever"]

_EVERY_S: Final = 30.0


async def maintain_forever(state: AppState, *, every_s: float = _EVERY_S) -> None:
    """Rounds of :func:`maintain`.

    Args:
        state: of the application.
        every_s: seconds between two.
    """
    while True:
        await asyncio.sleep(every_s)
        await maintain(state)


async def maintain(state: AppState) -> None:
    """Saves tenants whose alarms are not those that were saved, and shows every ledger to its witness."""
    state.save([tenant for tenant in state.tenants if tenant.monitor.active_alarms != tenant.saved_alarms])
    for ledger in [tenant.parts.ledger for tenant in state.tenants if tenant.parts.ledger is not None]:
        try:
            await asyncio.to_thread(ledger.remember)
        except FoureyesError as error:
            state.log_failure(error, "witness")
