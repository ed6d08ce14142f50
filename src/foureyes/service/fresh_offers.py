"""Which verifications are put to the clean model afresh, and where what comes of it goes.

A share of them is drawn by a hash of their name, so that nobody chooses. Start at :func:`offer_afresh`.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from foureyes.errors import StateError
from foureyes.monitoring import FreshReading, Observation
from foureyes.service.access import Call
from foureyes.service.fresh_readings import FreshQuestion
from foureyes.service.tenant_events import ReadAfresh
from foureyes.types import Exchange, Unscored

if TYPE_CHECKING:
    from foureyes.signals.fresh import FreshShift

__all__ = ["is_drawn", "offer_afresh"]


def is_drawn(name: str, share: float) -> bool:
    """Whether a verification is among the share that is put afresh.

    Example:
        >>> sum(is_drawn(str(n), 0.05) for n in range(10_000))
        508
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) < share * 2**64


def offer_afresh(call: Call, verification: str, exchange: Exchange, seen: Observation) -> None:
    """Puts a question afresh, if it is drawn, was answered in words, and nothing in it cannot be read.

    Args:
        call: who asked.
        verification: its name.
        exchange: the question and the answer.
        seen: what the monitor was told of it.
    """
    parts = call.state.parts
    worded = exchange.turn is None and not exchange.unread
    if parts.clean_model is None or not worded or not is_drawn(verification, parts.fresh_share):
        return
    question = FreshQuestion(exchange, call.parts.concealer, call.tenant.name, seen.session)
    if not call.state.fresh_readings.offer(question, parts.clean_model, partial(_tell, call, seen)):
        call.state.metrics.fresh("dropped")


async def _tell(call: Call, seen: Observation, found: FreshShift | Unscored | Exception) -> None:
    if isinstance(found, Exception):
        call.state.log_failure(found, call.request_id)
    if isinstance(found, Exception | Unscored):
        call.state.metrics.fresh("failed")
        return
    call.state.metrics.fresh("read")
    at = call.state.instruments.wall_clock()
    reading = FreshReading(at, found.shift, found.differs, agent=seen.agent, session=seen.session, sources=seen.sources)
    try:
        await call.state.watch(call.tenant, ReadAfresh(reading), call.request_id)
    except StateError as error:  # the reading is kept, and told as soon as that can be
        call.state.log_failure(error, call.request_id)
