"""Puts the questions of some verifications to a clean model afresh, after they were answered, and tells the monitor.

The rules that hold throughout: no answer waits for it; one question is under way at a time in the whole service, a few wait, and
further ones are dropped and counted; the model sees personal data concealed, as verifiers do, and where that fails it sees
nothing. Which verifications are taken is a hash of their name, so that nobody chooses. Start at
:meth:`FreshReadings.offer`.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Final

from foureyes.guard.threads import BoundedThreads
from foureyes.monitoring import FreshReading
from foureyes.types import Unscored

if TYPE_CHECKING:
    from foureyes.service.access import Call
    from foureyes.service.verification import VerificationQuery
    from foureyes.signals.fresh import CleanModel
    from foureyes.types import Exchange

__all__ = ["FreshReadings", "is_drawn"]

_WAITING: Final = 16


def is_drawn(name: str, share: float) -> bool:
    """Whether a verification is among the share that is put afresh.

    Example:
        >>> sum(is_drawn(str(n), 0.05) for n in range(10_000))
        508
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) < share * 2**64


class FreshReadings:
    """The questions that wait, and the one under way.

    Args:
        waiting: how many may wait, ≥ 1.
    """

    def __init__(self, *, waiting: int = _WAITING) -> None:
        self._most = waiting
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = BoundedThreads(1, name="fresh")

    def offer(self, call: Call, query: VerificationQuery, verification: str) -> None:
        """Takes a verification, if it is drawn, answers in words, and nothing in it cannot be read."""
        parts, exchange = call.state.parts, query.exchange
        worded = exchange.turn is None and not exchange.unread
        if parts.clean_model is None or not worded or not is_drawn(verification, parts.fresh_share):
            return
        if len(self._tasks) >= self._most:
            call.state.metrics.fresh("dropped")
            return
        task = asyncio.create_task(self._read(call, query, parts.clean_model))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Waits for those that were taken."""
        await asyncio.gather(*self._tasks)

    async def _read(self, call: Call, query: VerificationQuery, model: CleanModel) -> None:
        try:
            exchange = await _concealed(call, query)
            found = await self._thread.do(lambda: model.shift(exchange))
        except Exception as error:  # noqa: BLE001 - a model's failure, of whatever kind, concerns no request
            call.state.metrics.fresh("failed")
            call.state.log_failure(error, call.request_id)
            return
        call.state.metrics.fresh("failed" if isinstance(found, Unscored) else "read")
        if not isinstance(found, Unscored):
            at = call.state.instruments.wall_clock()
            origins = {"agent": query.agent_id, "session": query.session_id}
            reading = FreshReading(at, found.shift, found.differs, **origins, sources=query.sources)
            call.state.alarm(call.tenant.report_fresh(reading))


async def _concealed(call: Call, query: VerificationQuery) -> Exchange:
    concealer = call.parts.concealer
    if concealer is None:
        return query.exchange
    hidden = await concealer.conceal(query.exchange, tenant=call.tenant.name, session=query.session_id)
    return hidden.exchange
