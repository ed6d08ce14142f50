"""What works with a route besides its writers and its reader; each may be missing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from foureyes.guard import Council
from foureyes.guard.protocols import Recorder
from foureyes.route.concealing import BodyConcealer
from foureyes.route.risk import TOOL_CALLS, RiskRule
from foureyes.route.roles import PersonQueue, PromiseKeeper, RouteLog

__all__ = ["RouteParts"]


@dataclass(frozen=True, slots=True)
class RouteParts:
    """What works with a route.

    Args:
        log: keeps what happened.
        recorder: a ledger; where there is one, no answer is returned without a receipt.
        tenant: whose ledger and salt these are.
        council: asked about risky answers; what it does not find safe is not returned.
        risks: which answers are risky: those that one of these fits.
        concealer: takes personal data out of what third parties and the council are shown.
        queue: where questions wait for a person.
        keeper: watches whether the route's promise still holds.
        closers: called when the route is closed; what they return is awaited where it can be.
    """

    log: RouteLog | None = None
    recorder: Recorder | None = None
    tenant: str = "default"
    council: Council | None = None
    risks: tuple[RiskRule, ...] = (TOOL_CALLS,)
    concealer: BodyConcealer | None = None
    queue: PersonQueue | None = None
    keeper: PromiseKeeper | None = None
    closers: tuple[Callable[[], object], ...] = ()

    async def aclose(self) -> None:
        """Closes what was opened for this route alone."""
        for close in self.closers:
            if inspect.isawaitable(ended := close()):
                await ended

    def discard(self) -> None:
        """Closes what holds a file or a thread, of a route that never came to be; connections there are none yet."""
        for close in self.closers:
            if not inspect.iscoroutinefunction(close):
                close()
